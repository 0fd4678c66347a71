"""Believable contents for the exporters' tests and benches. Seeded: equal arguments give equal contents."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.composing import totals
from portal.domain.content import BoxCount, CarriedOver, Content, Line, Party, SapMapping, TicketRow

SUPPLIER = Party(
    "Nordlicht Managed Services GmbH",
    ("Große Bleichen 21", "20354 Hamburg"),
    "DE",
    vat_id="DE123456789",
    email="abrechnung@nordlicht.example",
    phone="+49 40 5550100",
    bank="IBAN DE02 1203 0000 0000 2020 51 - BIC BYLADEM1001",
    number="700123",
)
CUSTOMER = Party(
    "Zürcher Präzisionswerke AG",
    ("Łukasz Wójcik", "Limmatstraße 8", "8005 Zürich"),
    "CH",
    vat_id="CHE-116.281.271 MWST",
    number="K-20417",
)
SUMMARIES = (
    "VPN drops every few minutes when José works from the Zürich office",
    "Outlook keeps asking for the password after the change of 1 March",
    "New laptop for Łukasz Wójcik: docking station, two monitors, headset and the finance share (\\\\fs01\\fin)",
    "Password reset",
    "Printer on 3rd floor prints Ελληνικά and Русский as question marks",
    "SAP GUI: „Straße“ wird als Stra?e gedruckt, Beträge über 1.000 € fehlen",
    "Monitoring: disk /var at 91 % on app-prod-07 (threshold 90 %), mail queue growing since the night run",
    "Access to project share (read only) for the external auditors until the end of the quarter",
)
GROUPS = ("Service Desk", "Network Operations", "Workplace EMEA", "SAP Basis", "Identity and Access Management")
UNITS = Decimal("12.50"), Decimal("38.00"), Decimal("74.25"), Decimal("120.00")


def content(lines: int = 5, tickets: int = 30, *, seed: int = 7, **changes: Any) -> Content:
    """A proforma of March 2026: some fixed lines, then ticket lines that share the tickets unevenly."""
    pick = random.Random(seed)
    ticket_lines = min(4, max(1, lines // 2)) if tickets else 0
    fixed = [_fixed(i + 1) for i in range(lines - ticket_lines)]
    rows = [_ticket(pick, i, lines - ticket_lines, ticket_lines) for i in range(tickets)]
    rows.sort(key=lambda t: (t.position, t.number))
    billed = [_ticket_line(len(fixed) + 1 + i, rows) for i in range(ticket_lines)]
    every = (*fixed, *billed)
    made = _content(every, tuple(rows), BoxCount("billed", "", len(rows)))
    return replace(made, **changes)


def with_lines(base: Content, lines: tuple[Line, ...]) -> Content:
    """The same with other lines and the totals that follow from them."""
    sums = totals([line.net for line in lines], base.vat_rate)
    return replace(base, lines=lines, net=sums.net, tax=sums.tax, gross=sums.gross)


def _fixed(position: int) -> Line:
    names = ("Service desk, base fee", "Managed workplaces", "Network operations, 14 sites", "SAP Basis operations")
    price = Decimal("1480.00") + 35 * position
    quantity = Decimal("1") if position % 2 else Decimal("2.5")
    return Line(
        position, "fixed", names[position % 4], quantity, "month", price, (quantity * price).quantize(Decimal("0.01"))
    )


def _ticket(pick: random.Random, index: int, before: int, lines: int) -> TicketRow:
    line = min(int(pick.expovariate(1.1)), lines - 1)
    counted = datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Berlin")) + timedelta(minutes=pick.randrange(31 * 24 * 60))
    kind = "service_request" if line % 2 else "incident"
    return TicketRow(
        before + 1 + line,
        f"{'RITM' if line % 2 else 'INC'}{pick.randrange(10**6):07d}",
        kind,
        str(line % 4 + 1),
        (counted - timedelta(minutes=pick.randrange(20, 9000))).astimezone(UTC),
        counted,
        pick.choice(SUMMARIES),
        pick.choice(GROUPS),
        UNITS[line],
    )


def _ticket_line(position: int, rows: list[TicketRow]) -> Line:
    mine = [t for t in rows if t.position == position]
    index = position - 1
    price = mine[0].amount if mine else Decimal("12.50")
    kind, priority = (mine[0].kind, mine[0].priority) if mine else ("incident", str(index % 4 + 1))
    name = f"{'Service requests' if kind == 'service_request' else 'Incidents'}, priority {priority}"
    quantity = Decimal(len(mine))
    return Line(
        position,
        "tickets",
        name,
        quantity,
        "ticket",
        price,
        (quantity * price).quantize(Decimal("0.01")),
        kind,
        priority,
    )


def _content(lines: tuple[Line, ...], rows: tuple[TicketRow, ...], billed: BoxCount) -> Content:
    sums = totals([line.net for line in lines], Decimal("19"))
    boxes: tuple[BoxCount, ...] = (
        billed,
        BoxCount("carried_over", "by_decision", 2),
        BoxCount("excluded", "cancelled", 11),
    )
    boxes += (BoxCount("excluded", "no_resolution_date", 463),)
    return Content(
        number="PF-2026-000042",
        issued_on=date(2026, 4, 2),
        period="2026-03",
        period_start=date(2026, 3, 1),
        period_end=date(2026, 3, 31),
        timezone="Europe/Berlin",
        currency="EUR",
        supplier=SUPPLIER,
        customer=CUSTOMER,
        contract_number="MSA-2024-118",
        contract_title="Managed workplace and SAP operations",
        po_number="4500017834",
        po_item="00010",
        payment_terms="30 days net from the date of the VAT invoice, without deduction.",
        terms="Services were rendered in the period stated.\nQuestions about a ticket: please name its number.",
        prepared_by="Petra Preparer",
        approved_by="Anton Approver",
        lines=lines,
        tickets=rows,
        boxes=boxes,
        carried_over=(
            CarriedOver(
                "INC0042001", "Resolution time is disputed; clarified with the customer by mid-April", "Petra Preparer"
            ),
            CarriedOver("RITM0007734", "No priority in the source", "Anton Approver"),
        ),
        source_total=billed.count + 475,
        carried_in=1,
        collected_at=datetime(2026, 4, 1, 3, 12, 40, tzinfo=UTC),
        vat_rate=Decimal("19"),
        net=sums.net,
        tax=sums.tax,
        gross=sums.gross,
        sap=SapMapping(company_code="1000", tax_code="V1"),
    )
