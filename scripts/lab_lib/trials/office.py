"""The people and what they entered: made on the portal's own pages, from the laptop, as an installation begins."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lab_lib.trials.browser import Browser, Page, Portal, option
from scripts.lab_lib.trials.machines import TrialError

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "anna": ("preparer",),
    "ben": ("approver",),
    "clara": ("contract_manager",),
    "ada": ("auditor",),
}
ADMINISTRATOR = "axel"
SUPPLIER = {
    "name": "Nordlicht Managed Services GmbH",
    "address": "Speicherstadt 7\n20457 Hamburg",
    "country": "DE",
    "vat_id": "DE000000001",
    "email": "billing@provider.example",
}
CUSTOMER = {
    "number": "K-10472",
    "name": "Example A Maschinenbau GmbH",
    "address": "Einkauf IT\nHafenstraße 118\n28217 Bremen",
    "country": "DE",
    "vat_id": "DE000000002",
}
RATES = (
    *(("incident", priority, price) for priority, price in zip("12345", (148, 92.5, 38.9, 27.4, 19.8), strict=True)),
    ("service_request", "*", 21.6),
)
FIXED = (("Service desk, Monday to Friday 7:00 to 19:00", "6850.00"), ("On-call duty", "2400.00"))


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where customer A's systems are, and by which references the worker finds their credentials."""

    code: str
    source_url: str
    sap_url: str
    ca_file: str
    vocabulary: Mapping[str, Any]


@dataclass
class Office:
    """Everybody's browser, signed in on first use. Passwords are made here and kept in a file of the lab."""

    portal: Portal
    passwords: dict[str, str]

    def __post_init__(self) -> None:
        self._browsers: dict[str, Browser] = {}

    def of(self, name: str) -> Browser:
        """This person's browser; signs in anew where the session is over."""
        browser = self._browsers.setdefault(name, Browser(self.portal))
        if browser.get("/").path == "/sign-in":
            browser.sign_in(name, self.passwords[name])
        return browser

    def anybody(self) -> Browser:
        """A browser in which nobody has signed in."""
        return Browser(self.portal)


def passwords(file: Path) -> dict[str, str]:
    """Name -> password, the same in every run on one lab."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(json.dumps({name: secrets.token_urlsafe(18) for name in (*PEOPLE, ADMINISTRATOR)}))
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def people(office: Office) -> None:
    """Everybody who is not there yet."""
    browser = office.of(ADMINISTRATOR)
    there = browser.get("/people").of("//td[@data-label='User name']")
    for name, roles in PEOPLE.items():
        if name in there:
            continue
        filled = {"username": name, "full_name": name.capitalize(), "roles": list(roles)}
        page = browser.get("/people/new")
        browser.press(page, _last_button(page), filled | {"password": office.passwords[name]})


def _last_button(page: Page) -> str:
    """A page of one form: its own button, not the one that signs out."""
    buttons = [text for text in page.of("//main//form//button") if text]
    if not buttons:
        raise TrialError(f"{page.path} has no form: {page.said()}")
    return buttons[0]


def enter(browser: Browser, where: str, values: Mapping[str, Any]) -> Page:
    """Fill in the form of one page and send it."""
    page = browser.get(where)
    return browser.press(page, _last_button(page), values)


def customer(office: Office, at: Endpoints) -> str:
    """The address of customer A's page, with supplier, source and endpoint; made when it is not there."""
    browser = office.of("clara")
    listed = browser.get("/customers")
    if CUSTOMER["name"] in listed.text:
        return listed.link(CUSTOMER["name"])
    enter(browser, "/suppliers/new", SUPPLIER)
    made = enter(browser, "/customers/new", CUSTOMER | {"code": at.code})
    enter(browser, f"{made.path}/sources/new", _source(at))
    enter(browser, f"{made.path}/endpoints/new", _endpoint(at))
    return made.url


def _source(at: Endpoints) -> dict[str, str]:
    return {
        "name": "ServiceNow",
        "system": "servicenow",
        "base_url": at.source_url,
        "credential_ref": f"customers/{at.code}/source",
        "settings": json.dumps({"ca_file": at.ca_file, "page_size": 20, "parallel": 1}),
        "vocabulary": json.dumps(at.vocabulary),
    }


def _endpoint(at: Endpoints) -> dict[str, str]:
    settings = {"sap_client": "100", "status_url": "/sap/bc/proforma_status", "ca_file": at.ca_file}
    return {
        "name": "SAP",
        "channel": "https_idoc",
        "url": at.sap_url,
        "credential_ref": f"customers/{at.code}/sap",
        "inbound_credential_ref": f"customers/{at.code}/inbound",
        "settings": json.dumps(settings),
        "mapping": json.dumps({"client": "100", "company_code": "1000", "tax_code": "V2"}),
    }


def contract(office: Office, number: str, first_month: str) -> str:
    """The address of a new contract with its prices, valid from that month (YYYY-MM) on."""
    browser, since = office.of("clara"), f"{first_month}-01"
    page = browser.get("/contracts/new")
    form = page.form("Make contract")
    chosen = {
        "supplier": option(form, "supplier", SUPPLIER["name"]),
        "customer": option(form, "customer", CUSTOMER["name"]),
        "source": option(form, "source", "ServiceNow"),
        "endpoint": option(form, "endpoint", "SAP"),
    }
    made = browser.send(page, form, _terms(number, since) | chosen)
    for kind, priority, price in RATES:
        enter(browser, f"{made.path}/rates/add", _rate(kind, priority, price, since))
    for position, line in enumerate(_fixed(since), 1):
        enter(browser, f"{made.path}/fixed-lines/add", line | {"position": str(position * 10)})
    return made.url


def _terms(number: str, since: str) -> dict[str, str]:
    return {
        "number": number,
        "title": "Managed workplace and service desk",
        "po_number": "4500017839",
        "po_item": "00010",
        "supplier_number": "0000104711",
        "timezone": "Europe/Berlin",
        "vat_rate": "19.00",
        "payment_terms": "30 days net",
        "test_marker": "[TEST]",
        "valid_from": since,
    }


def _rate(kind: str, priority: str, price: float, since: str) -> dict[str, str]:
    description = f"{kind.replace('_', ' ').capitalize()}, priority {priority}".replace(", priority *", "")
    terms = {"kind": kind, "priority": priority, "description": description}
    return terms | {"unit_price": f"{price:.2f}", "valid_from": since, "reason": "as agreed"}


def _fixed(since: str) -> Iterator[dict[str, str]]:
    for description, price in FIXED:
        terms = {"description": description, "quantity": "1", "unit": "month", "unit_price": price}
        yield terms | {"valid_from": since, "reason": "as agreed"}
