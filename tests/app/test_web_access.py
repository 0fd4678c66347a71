"""Deny by default: every address, for a visitor who is not signed in and for Mallory, who has no role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.accounts.access import PERMISSIONS, Permission
from portal.accounts.services import user_set_active
from portal.contracts import selectors as contracts
from portal.delivery import selectors as deliveries
from portal.documents import selectors as documents
from portal.proformas import selectors
from portal.web.access import PUBLIC, SIGNED_IN, opens
from tests.support.cast import person_make
from tests.support.office import Office
from tests.support.web import browser, month_issued, omnipotent, omnipotent_person

pytestmark = pytest.mark.django_db
PUBLIC_NAMES = {"sign_in", "health", "inbox"}
SIGNED_IN_NAMES = {"sign_out", "password"}


def patterns(resolver: Any = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def addresses(office: Office) -> dict[str, str]:
    """Every address of the portal, with keys of rows that are there."""
    proforma = month_issued(office)
    contract = office.contract
    keys: dict[str, int] = {
        "month": selectors.runs()[0].pk,
        "proforma": proforma.pk,
        "line": selectors.lines_of(proforma)[2].pk,
        "proforma_document": documents.documents_of(proforma)[0].pk,
        "delivery": deliveries.deliveries()[0].pk,
        "delivery_render_again": proforma.pk,
        "contract": contract.pk,
        "rate": contracts.rates()[0].pk,
        "rate_add": contract.pk,
        "fixed": contracts.fixed_lines()[0].pk,
        "fixed_line_add": contract.pk,
        "customer": contract.customer_id,
        "source": contract.source_id,
        "source_new": contract.customer_id,
        "endpoint": contract.endpoint_id,
        "endpoint_new": contract.customer_id,
        "supplier": contract.supplier_id,
        "person": person_make("ada").pk,
        "line_add": proforma.pk,
    }
    found = {}
    for pattern in patterns():
        name = str(pattern.name)
        converters = pattern.pattern.converters
        pk = keys.get(name, keys.get(name.split("_")[0], 0))
        known = {"pk": pk, "code": "acme", "reference": contract.source.credential_ref}
        given = {key: value for key, value in known.items() if key in converters}
        found[name] = reverse(name, kwargs=given)
    return found


def test_every_view_names_who_it_opens_for() -> None:
    nameless = [p.name for p in patterns() if not getattr(p.callback, "opens_for", None)]
    assert nameless == []


def test_only_these_are_open_without_a_role() -> None:
    assert {p.name for p in patterns() if getattr(p.callback, "opens_for", None) == PUBLIC} == PUBLIC_NAMES
    assert {p.name for p in patterns() if getattr(p.callback, "opens_for", None) == SIGNED_IN} == SIGNED_IN_NAMES


def test_strangers_and_mallory_get_nothing_anywhere_while_every_page_opens_for_somebody(small_office: Office) -> None:
    stranger, mallory, otto = Client(), browser("mallory"), omnipotent()
    for name, address in addresses(small_office).items():
        if name in PUBLIC_NAMES | SIGNED_IN_NAMES:
            continue
        for method in ("get", "post"):
            answer = getattr(stranger, method)(address)
            assert (answer.status_code, answer.headers.get("Location", "")[:8]) == (302, "/sign-in"), (method, address)
            refused = getattr(mallory, method)(address)
            assert refused.status_code == 403, (method, address)
            assert "-2026-000001" not in refused.content.decode()
            assert small_office.contract.customer.name not in refused.content.decode()
        assert otto.get(address).status_code in (200, 405), address


def test_a_refused_visitor_with_htmx_is_refused_too(small_office: Office) -> None:
    proforma = month_issued(small_office)
    for name in ("proforma_dispatch", "proforma_history"):
        address = reverse(name, args=[proforma.pk])
        assert Client().get(address, headers={"HX-Request": "true"}).status_code == 302
        assert browser("mallory").get(address, headers={"HX-Request": "true"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("month_new", Permission.PREPARE),
        ("contract_new", Permission.CONTRACTS),
        ("people", Permission.USERS),
        ("record", Permission.AUDIT),
    ],
)
def test_a_page_opens_for_its_role_alone(name: str, needed: Permission, small_office: Office) -> None:
    roles = {"petra": "preparer", "anton": "approver", "clara": "contract_manager", "ada": "auditor"}
    for person, role in (roles | {"axel": "administrator"}).items():
        expected = 200 if role in PERMISSIONS[needed] else 403
        assert browser(person).get(reverse(name)).status_code == expected, person


def test_a_view_that_names_nobody_opens_for_nobody() -> None:
    def view() -> None: ...

    assert not opens(view, omnipotent_person())


def test_a_person_who_is_switched_off_is_out_at_once(small_office: Office) -> None:
    from tests.support.cast import person_make

    petra = browser("petra")
    assert petra.get("/").status_code == 200
    user_set_active(user=person_make("petra"), active=False, actor="axel")
    assert petra.get("/").status_code == 302


def test_the_first_page_leads_an_administrator_to_the_people(small_office: Office) -> None:
    assert browser("axel").get("/").headers["Location"] == reverse("people")


def test_every_page_forbids_foreign_and_inline_script_and_style(small_office: Office) -> None:
    otto = omnipotent()
    for address in addresses(small_office).values():
        answer = otto.get(address)
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        body = answer.content.decode()
        for forbidden in (" style=", "<style", " onclick=", " onsubmit=", "http://cdn", "https://cdn"):
            assert forbidden not in body, (forbidden, address)
