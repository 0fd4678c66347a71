"""A proforma as strings ready to print: every word and format of the page is decided here, the template only places."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.domain.content import BoxCount, Content, Line, Party
from portal.domain.rating import BY_DECISION, EXCLUSION_REASONS, REMOVED_BY_REVIEWER, Box
from portal.exporters.layout import text
from portal.exporters.layout.text import clean

NOTICE = "Proforma, not a VAT invoice"
NOTICE_MORE = "It gives no right to deduct input tax."
TEST_BANNER = "TEST - rehearsal, not for payment"

_BOXES: dict[str, str] = {Box.BILLED: "Billed", Box.EXCLUDED: "Not billed", Box.CARRIED_OVER: "Carried over"}
_CARRIED_REASONS = {
    BY_DECISION: "set aside for a later month by a named person",
    REMOVED_BY_REVIEWER: "removed from a line in review, for a later month",
}


@dataclass(frozen=True, slots=True)
class PartyView:
    name: str
    address: tuple[str, ...]
    details: tuple[tuple[str, str], ...]
    """(label, value), without the empty ones"""


@dataclass(frozen=True, slots=True)
class LineView:
    position: str
    description: str
    quantity: str
    unit: str
    unit_price: str
    net: str
    tickets: str
    """where the tickets behind it are, or "" """
    change: str
    """what people changed, or "" """
    reason: str


@dataclass(frozen=True, slots=True)
class BoxView:
    box: str
    reason: str
    count: str


@dataclass(frozen=True, slots=True)
class CarriedView:
    number: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class View:
    title: str
    number: str
    language: str
    test_banner: str
    notice: str
    notice_more: str
    currency: str
    supplier: PartyView
    customer: PartyView
    facts: tuple[tuple[str, str], ...]
    lines: tuple[LineView, ...]
    net: str
    vat_rate: str
    tax: str
    gross: str
    payment_terms: str
    terms: tuple[str, ...]
    """paragraphs"""
    boxes: tuple[BoxView, ...]
    tickets_total: str
    accounted: str
    carried_over: tuple[CarriedView, ...]
    has_annex: bool
    annex: str
    """how many tickets it lists and what they come to, or that there are none"""
    record: tuple[tuple[str, str], ...]
    sha256: str


def view(content: Content) -> View:
    """Everything of the invoice pages. Raises ZoneInfoNotFoundError for a time zone that is none."""
    zone = ZoneInfo(content.timezone)
    number = clean(content.number)
    listed = _annex(content)
    return View(
        title=f"Proforma {number or 'draft'}",
        number=number or "Draft",
        language="en",
        test_banner=TEST_BANNER if content.test_mode else "",
        notice=NOTICE,
        notice_more=NOTICE_MORE,
        currency=clean(content.currency),
        supplier=_party(content.supplier, "Supplier no."),
        customer=_party(content.customer, "Customer no."),
        facts=_facts(content),
        lines=_lines(content),
        net=text.amount(content.net),
        vat_rate=text.percent(content.vat_rate),
        tax=text.amount(content.tax),
        gross=text.amount(content.gross),
        payment_terms=clean(content.payment_terms),
        terms=tuple(clean(part) for part in content.terms.splitlines() if clean(part)),
        boxes=tuple(_box(box, listed) for box in content.boxes),
        tickets_total=_count(sum(box.count for box in content.boxes)),
        accounted=_accounted(content),
        carried_over=tuple(
            CarriedView(clean(t.number), _CARRIED_REASONS.get(t.reason) or clean(t.reason), clean(t.by))
            for t in content.carried_over
        ),
        has_annex=bool(content.tickets),
        annex=listed,
        record=_record(content, zone),
        sha256=content.sha256(),
    )


def kind_and_priority(kind: str, priority: str) -> str:
    """ "Incident, P3"; a part that is missing is left out."""
    return ", ".join(part for part in (text.words(kind), f"P{clean(priority)}" if priority else "") if part)


def box_reason(box: BoxCount) -> str:
    """The readable reason of a box; a reason that is no code of ours is a person's own words."""
    table = _CARRIED_REASONS if box.box == Box.CARRIED_OVER else EXCLUSION_REASONS
    return table.get(box.reason, clean(box.reason))


def _count(value: int) -> str:
    return f"{value:,}"


def _pairs(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((label, clean(value)) for label, value in pairs if clean(value))


def _party(party: Party, number_label: str) -> PartyView:
    details = _pairs(
        ("VAT ID", party.vat_id),
        (number_label, party.number),
        ("Email", party.email),
        ("Phone", party.phone),
        ("Bank", party.bank),
    )
    address = tuple(clean(part) for part in (*party.address, party.country) if clean(part))
    return PartyView(clean(party.name), address, details)


def _facts(content: Content) -> tuple[tuple[str, str], ...]:
    contract = " - ".join(part for part in (content.contract_number, content.contract_title) if part)
    return _pairs(
        ("Number", content.number or "Draft"),
        ("Date", text.day(content.issued_on)),
        ("Service period", f"{text.day(content.period_start)} to {text.day(content.period_end)}"),
        ("Contract", contract),
        ("Purchase order", content.po_number),
        ("Order item", content.po_item),
        ("Currency", content.currency),
    )


def _lines(content: Content) -> tuple[LineView, ...]:
    quantity_places = text.decimals((line.quantity for line in content.lines), 0)
    price_places = text.decimals((line.unit_price for line in content.lines), 2)
    behind = Counter(ticket.position for ticket in content.tickets)
    return tuple(
        LineView(
            position=str(line.position),
            description=clean(line.description),
            quantity=text.aligned(line.quantity, quantity_places, 0),
            unit=text.unit(line.unit, line.quantity),
            unit_price=text.aligned(line.unit_price, price_places, 2),
            net=text.amount(line.net),
            tickets="Listed in the annex" if behind[line.position] else "",
            change=_change(line, content.currency),
            reason=clean(line.reason),
        )
        for line in content.lines
    )


def _change(line: Line, currency: str) -> str:
    if line.origin == "manual":
        return "Added in review"
    if line.edited:
        rated = text.amount(line.net - line.edited)
        return f"Changed in review: {text.signed(line.edited)} {clean(currency)} (was {rated})"
    return "Changed in review" if line.reason else ""


def _box(box: BoxCount, listed: str) -> BoxView:
    """`listed` stands where a billed ticket needs no reason: in the annex."""
    reason = box_reason(box) or (f"listed in the annex: {listed}" if box.box == Box.BILLED and box.count else "")
    return BoxView(_BOXES.get(box.box, clean(box.box)), reason[:1].upper() + reason[1:], _count(box.count))


def _accounted(content: Content) -> str:
    carried = f" and {_count(content.carried_in)} carried in from earlier months" if content.carried_in else ""
    return f"{_count(content.source_total)} collected from the ticket system{carried}"


def _annex(content: Content) -> str:
    if not content.tickets:
        return "No tickets were billed in this period."
    total = sum((t.amount for t in content.tickets), Decimal("0.00"))
    noun = "ticket" if len(content.tickets) == 1 else "tickets"
    return f"{_count(len(content.tickets))} {noun}, {text.amount(total)} {clean(content.currency)}"


def _record(content: Content, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    return _pairs(
        ("Prepared by", content.prepared_by),
        ("Approved by", content.approved_by),
        ("Tickets read", f"{text.instant(content.collected_at, zone)} ({content.timezone})"),
    )
