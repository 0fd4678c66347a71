"""What a proforma says, as portal.domain.content.Content, from the rows and the header that was frozen at issue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max

from portal import adapters
from portal.accounts.models import User
from portal.contracts.models import Contract
from portal.contracts.selectors import zone_of
from portal.domain import content as printed
from portal.domain.composing import Origin
from portal.domain.errors import InputError, Problem
from portal.domain.rating import Box
from portal.lib.hashing import sha256_hex
from portal.proformas.models import BoxedTicket, Edit, Line, Proforma
from portal.proformas.selectors import boxes_of, lines_of


def header_build(proforma: Proforma) -> dict[str, Any]:
    """All that is printed besides lines, tickets and sums, as it stands now, in JSON's types. Frozen by an approval."""
    contract = proforma.contract
    return {
        "issued_on": proforma.prepared_at.astimezone(zone_of(contract)).date().isoformat(),
        "timezone": contract.timezone,
        "supplier": _supplier(contract),
        "customer": _customer(contract),
        "contract_number": contract.number,
        "contract_title": contract.title,
        "po_number": contract.po_number,
        "po_item": contract.po_item,
        "payment_terms": contract.payment_terms,
        "terms": contract.terms,
        "prepared_by": _name(proforma.prepared_by),
        "approved_by": _name(proforma.approved_by),
        "collected_at": (proforma.collection.read_at or proforma.prepared_at).isoformat(),
        "test_mode": settings.TEST_MODE,
        "sap": asdict(_mapping(contract)),
    }


def header_issued(proforma: Proforma) -> dict[str, Any]:
    """The header as it was approved, with the day of the issue in the contract's zone."""
    issued_at = proforma.issued_at or proforma.prepared_at
    approved = dict(proforma.header or {})
    return approved | {"issued_on": issued_at.astimezone(ZoneInfo(approved["timezone"])).date().isoformat()}


def delivery_warnings(proforma: Proforma) -> tuple[Problem, ...]:
    """What the customer's SAP will probably reject, to be mended before the proforma is issued; none once it is."""
    if proforma.number:
        return ()
    try:
        content = content_build(proforma, tickets=False)
    except InputError as error:
        return (error.problem,)
    warnings: tuple[Problem, ...] = adapters.load(adapters.WARNINGS["idoc"])(content)
    return warnings


def version_of(proforma: Proforma) -> str:
    """Changes with everything that a person who looks at the page would want to know of; 16 hex digits."""
    try:
        said = content_build(proforma, tickets=False).sha256()
    except InputError as error:
        said = str(error)
    edits = Edit.objects.filter(proforma=proforma).aggregate(last=Max("pk"))["last"]
    return sha256_hex(f"{proforma.state} {edits} {said}".encode())[:16]


def content_build(proforma: Proforma, *, tickets: bool = True) -> printed.Content:
    """The whole content. Of an issued proforma it is the same for ever; of a draft it is what it would be now.

    `tickets` False leaves the rows of the annex out, for readers of the head alone.
    """
    header = dict(proforma.header or header_build(proforma))
    account = boxes_of(proforma)
    zone = zone_of(proforma.contract) if not proforma.header else ZoneInfo(header["timezone"])
    return printed.Content(
        **header
        | {
            "issued_on": date.fromisoformat(header["issued_on"]),
            "collected_at": datetime.fromisoformat(header["collected_at"]),
            "supplier": _party(header["supplier"]),
            "customer": _party(header["customer"]),
            "sap": printed.SapMapping(**header["sap"]),
        },
        number=proforma.number or "DRAFT",
        period=str(proforma.period),
        period_start=proforma.period.first_day,
        period_end=proforma.period.end_day - timedelta(days=1),
        currency=proforma.currency,
        lines=tuple(_line(line) for line in lines_of(proforma)),
        tickets=tuple(_tickets(proforma, zone)) if tickets else (),
        boxes=tuple(printed.BoxCount(*box) for box in account.boxes),
        carried_over=tuple(_carried_over(proforma)),
        source_total=proforma.source_total,
        carried_in=proforma.carried_in,
        vat_rate=proforma.vat_rate,
        net=proforma.net,
        tax=proforma.tax,
        gross=proforma.gross,
    )


def _supplier(contract: Contract) -> dict[str, Any]:
    party = contract.supplier
    return _party_fields(party) | {"bank": party.bank, "number": contract.supplier_number}


def _customer(contract: Contract) -> dict[str, Any]:
    return _party_fields(contract.customer) | {"number": contract.customer.number}


def _party_fields(party: Any) -> dict[str, Any]:
    names = ("name", "country", "vat_id", "email", "phone")
    return {name: getattr(party, name) for name in names} | {"address": list(party.address_lines)}


def _party(fields: dict[str, Any]) -> printed.Party:
    return printed.Party(**fields | {"address": tuple(fields["address"])})


def _mapping(contract: Contract) -> printed.SapMapping:
    try:
        return printed.SapMapping(**contract.endpoint.mapping)
    except TypeError as error:
        raise InputError(
            f"The mapping of the SAP endpoint cannot be used: {error}.",
            where=f"endpoint {contract.endpoint.name}",
            remedy="Correct the mapping on the endpoint.",
        ) from None


def _name(username: str) -> str:
    person = User.objects.filter(username=username).first()
    return person.display_name if person else username


def _line(line: Line) -> printed.Line:
    edited = line.edited if line.origin != Origin.MANUAL else Decimal("0.00")
    return printed.Line(
        line.position,
        line.origin,
        line.description,
        line.quantity,
        line.unit,
        line.unit_price,
        line.net,
        line.kind,
        line.priority,
        edited,
        line.reason,
    )


def _tickets(proforma: Proforma, zone: Any) -> Iterator[printed.TicketRow]:
    rows = (
        BoxedTicket.objects.filter(proforma=proforma, box=Box.BILLED)
        .select_related("snapshot", "line")
        .order_by("line__position", "snapshot__number")
    )
    for row in rows.iterator(chunk_size=2000):
        snapshot, line = row.snapshot, row.line
        assert line is not None  # noqa: S101 - the database holds billed_means_on_a_line
        counted = snapshot.resolved_at if line.kind == "incident" else snapshot.closed_at
        yield printed.TicketRow(
            line.position,
            snapshot.number,
            line.kind,
            row.priority,
            snapshot.opened_at.astimezone(zone) if snapshot.opened_at else None,
            (counted or proforma.prepared_at).astimezone(zone),
            snapshot.summary,
            snapshot.assignment_group,
            row.amount,
        )


def _carried_over(proforma: Proforma) -> Iterator[printed.CarriedOver]:
    rows = BoxedTicket.objects.filter(proforma=proforma, box=Box.CARRIED_OVER).select_related("snapshot")
    for row in rows.order_by("snapshot__number"):
        yield printed.CarriedOver(row.snapshot.number, row.detail, _name(row.decided_by))
