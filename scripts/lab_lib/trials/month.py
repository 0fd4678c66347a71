"""A whole month by two people at the laptop: anna prepares, ben approves and issues, SAP answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

from scripts.lab_lib.trials.browser import Page, option
from scripts.lab_lib.trials.machines import TrialError
from scripts.lab_lib.trials.office import Office

ACKNOWLEDGED = re.compile(r"\b(parked|posted|rejected)\b")
STOPPED = "//section[contains(@class,'stopped')]"
PROOF = "//section[@aria-labelledby='proof']"
BADGES = "//section[@id='dispatch']//p/span[contains(@class,'badge')]"
LONGEST = 180.0
"""seconds until SAP's answer, whatever happens meanwhile"""
Moment = Callable[[str], None]
"""called with the address of the page when the month is being collected, or delivered"""


def nothing(_address: str) -> None:
    """Nobody disturbs."""


@dataclass(frozen=True, slots=True)
class Played:
    """How a month ended, as the pages show it."""

    address: str
    number: str
    totals: Mapping[str, Decimal]
    counts: Mapping[str, int]
    documents: Mapping[str, bytes] = field(repr=False)
    outcome: str
    seconds: float


def play(
    office: Office, contract: str, period: str, *, collecting: Moment = nothing, delivering: Moment = nothing
) -> Played:
    """From the start to SAP's answer. Raises TrialError."""
    begun = time.monotonic()
    run = start(office, contract, period)
    collecting(run)
    address = composed(office, run)
    approved(office, address)
    issue(office, address)
    delivering(address)
    page = followed(office, address)
    (outcome,) = set(ACKNOWLEDGED.findall(" ".join(page.of(BADGES))))
    return Played(
        urlsplit(address).path,
        page.of("//h1")[0].split()[0],
        totals(page),
        counts(page),
        documents(office, page),
        outcome,
        time.monotonic() - begun,
    )


def start(office: Office, contract: str, period: str) -> str:
    """The address of the month's page."""
    anna = office.of("anna")
    page = anna.get("/months/new")
    form = page.form("Start")
    chosen = {"contract": option(form, "contract", contract), "period": period}
    return anna.send(page, form, chosen).url


def composed(office: Office, run: str) -> str:
    """The proforma's address, once it is composed; what blocks is decided about on the way."""
    anna = office.of("anna")
    while True:
        page = anna.wait(run, _settled, "the month is collected and composed", LONGEST)
        if not page.has("Compose again"):
            return page.link("To the proforma")
        decide(office, page)


def _settled(page: Page) -> bool:
    if "It failed" in page.text:
        raise TrialError(f"{page.path}: {page.of(STOPPED)}")
    return page.has("Compose again") or "To the proforma" in page.text


def decide(office: Office, page: Page) -> None:
    """The first blocking ticket is carried over, the others are excluded, each with a reason; then: compose again."""
    anna, boxes = office.of("anna"), ["carried_over"]
    while page.has("Decide"):
        box = boxes.pop() if boxes else "excluded"
        reason = "agreed with the customer by telephone"
        page = anna.press(page, "Decide", {"box": box, "reason": reason})
    anna.press(page, "Compose again")


def approved(office: Office, address: str) -> None:
    """Submitted by anna, who finds no way to approve; approved by ben."""
    anna, ben = office.of("anna"), office.of("ben")
    page = anna.get(address)
    if "Both add up." not in page.text:
        raise TrialError(f"{page.path}: the two sums do not add up: {page.of(PROOF)}")
    if anna.press(page, "Submit for review").has("Approve"):
        raise TrialError(f"{page.path}: the preparer is offered to approve")
    ben.press(ben.get(address), "Approve")


def issue(office: Office, address: str) -> None:
    ben = office.of("ben")
    ben.press(ben.get(ben.get(address).link("Issue")), "Issue for good")


def followed(office: Office, address: str) -> Page:
    """ben looks at the page until SAP's answer stands there."""

    def answered(page: Page) -> bool:
        return bool(ACKNOWLEDGED.search(" ".join(page.of(BADGES))))

    return office.of("ben").wait(address, answered, "SAP's answer", LONGEST)


def totals(page: Page) -> dict[str, Decimal]:
    """{"Net", "VAT", "Total"} from the head of a proforma's page."""
    names = page.of("//dl[contains(@class,'totals')]/div/dt")
    amounts = page.of("//dl[contains(@class,'totals')]/div/dd")
    return {
        name.split()[0]: Decimal(amount.split()[0].replace(",", ""))
        for name, amount in zip(names, amounts, strict=True)
    }


def counts(page: Page) -> dict[str, int]:
    """Box -> tickets, and "collected", "carried in", from the equation on the page."""
    spans = page.of("//p[contains(@class,'equation')][1]/span")
    return {words: int(number) for number, words in (span.split(" ", 1) for span in spans)}


def documents(office: Office, page: Page) -> dict[str, bytes]:
    """Name -> bytes, downloaded by ben."""
    names = page.of("//ul[contains(@class,'documents')]//a")
    ben = office.of("ben")
    return {name: ben.get(page.link(name)).data for name in names}


def chain_is_whole(office: Office) -> str:
    """What the portal says after reading the whole record, asked by the auditor. Raises TrialError when broken."""
    ada = office.of("ada")
    page = ada.press(ada.get("/record"), "Check the whole chain")
    said = " ".join(page.of("//div[@class='messages']"))
    if "The chain is whole" not in said:
        raise TrialError(f"the audit chain: {page.said()}")
    return said
