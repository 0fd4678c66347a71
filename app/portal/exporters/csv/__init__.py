"""The proforma as CSV (RFC 4180): `export` has a row a line and one for the total, `export_tickets` one a ticket.

UTF-8 with a byte-order mark: without it a spreadsheet program reads "Zürich" as "ZÃ¼rich"; programs read `utf-8-sig`.
Numbers have a point and no thousands. A text that a spreadsheet would run as a formula gets a leading apostrophe
(OWASP, CSV injection); texts are quoted, numbers are not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.domain.content import Content, Exported, Line, TicketRow
from portal.exporters.layout.text import clean, file_stem
from portal.exporters.layout.view import NOTICE, TEST_BANNER

MEDIA_TYPE = "text/csv; charset=utf-8"
LINE, TOTAL = "line", "total"
COLUMNS = (
    "record", "number", "issued_on", "period", "supplier", "customer", "contract", "po_number", "po_item", "currency",
    "position", "origin", "description", "quantity", "unit", "unit_price", "net", "tax_rate", "tax", "gross",
    "edited", "reason", "note",
)  # fmt: skip
TICKET_COLUMNS = (
    "number", "period", "position", "ticket", "kind", "priority", "opened_at", "counted_at", "summary", "group",
    "currency", "amount", "note",
)  # fmt: skip

# Also after a semicolon: where it is the list separator, a comma file is cut there, quotes or not.
_FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True, slots=True)
class Number:
    """Written as it is, without quotes. Exact: never through a float."""

    value: Decimal | int


Cell = str | Number


def export(content: Content) -> Exported:
    """Line rows carry net; the one total row carries net, tax and gross, and nothing else does."""
    head = _head(content)
    rows = [_line(head, content, line) for line in content.lines]
    return _file(content, "", COLUMNS, [*rows, _total(head, content)])


def export_tickets(content: Content) -> Exported:
    """Instants in the contract's zone with their offset; amounts sum to what rating gave the ticket lines."""
    zone = ZoneInfo(content.timezone)
    rows = (_ticket(content, ticket, zone) for ticket in content.tickets)
    return _file(content, "-tickets", TICKET_COLUMNS, rows)


def defuse(value: str) -> str:
    """A text that no spreadsheet runs: OWASP's leading = + - @, also full-width, also after a semicolon."""
    return _FORMULA.sub(r"\1\2'", clean(value))


def _head(content: Content) -> tuple[Cell, ...]:
    return (
        content.number, _day(content.issued_on), content.period, content.supplier.name, content.customer.name,
        content.contract_number, content.po_number, content.po_item, content.currency,
    )  # fmt: skip


def _line(head: tuple[Cell, ...], content: Content, line: Line) -> tuple[Cell, ...]:
    return (
        LINE, *head, Number(line.position), line.origin, line.description, Number(line.quantity), line.unit,
        Number(line.unit_price), Number(line.net), Number(content.vat_rate), "", "",
        Number(line.edited), line.reason, _note(content),
    )  # fmt: skip


def _total(head: tuple[Cell, ...], content: Content) -> tuple[Cell, ...]:
    sums = (Number(content.net), Number(content.vat_rate), Number(content.tax), Number(content.gross))
    return (TOTAL, *head, *[""] * 6, *sums, "", "", _note(content))


def _ticket(content: Content, ticket: TicketRow, zone: ZoneInfo) -> tuple[Cell, ...]:
    opened = ticket.opened_at.astimezone(zone).isoformat(timespec="seconds") if ticket.opened_at else ""
    counted = ticket.counted_at.astimezone(zone).isoformat(timespec="seconds")
    return (
        content.number, content.period, Number(ticket.position), ticket.number, ticket.kind, ticket.priority,
        opened, counted, ticket.summary, ticket.group, content.currency, Number(ticket.amount), _note(content),
    )  # fmt: skip


def _note(content: Content) -> str:
    return TEST_BANNER if content.test_mode else NOTICE


def _day(value: date) -> str:
    return value.isoformat()


def _file(content: Content, suffix: str, columns: Sequence[str], rows: Iterable[tuple[Cell, ...]]) -> Exported:
    out = io.StringIO(newline="")
    out.write(",".join(columns) + "\r\n")
    for row in rows:
        out.write(",".join(_written(cell) for cell in row) + "\r\n")
    return Exported(f"{file_stem(content.number)}{suffix}.csv", MEDIA_TYPE, out.getvalue().encode("utf-8-sig"))


def _written(cell: Cell) -> str:
    if isinstance(cell, Number):
        return f"{cell.value:f}" if isinstance(cell.value, Decimal) else str(cell.value)
    text = defuse(cell)
    return '"' + text.replace('"', '""') + '"' if text else ""
