"""The annex as strings: every billed ticket once, under its line, with subtotals. PDF and HTML print the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from portal.domain.content import Content, Line, TicketRow
from portal.domain.tickets import Kind
from portal.exporters.layout import text
from portal.exporters.layout.text import clean
from portal.exporters.layout.view import kind_and_priority

Row = tuple[str, str, str, str, str, str, str]
"""number, kind and priority, opened, resolved or closed, summary, group, amount"""


@dataclass(frozen=True, slots=True)
class Section:
    """The tickets of one line. `sums` are (label, amount), to be printed below the rows."""

    title: str
    counted: str
    """heading of the column of the instant by which the tickets count"""
    rows: tuple[Row, ...]
    sums: tuple[tuple[str, str], ...]

    @property
    def has_summaries(self) -> bool:
        """Some ticket systems give none; then the column is left out."""
        return any(row[4] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Annex:
    zone: str
    sections: tuple[Section, ...]


def annex(content: Content) -> Annex | None:
    """None when no ticket was billed. Raises ZoneInfoNotFoundError for a time zone that is none."""
    if not content.tickets:
        return None
    lines = {line.position: line for line in content.lines}
    by_line: dict[int, list[TicketRow]] = defaultdict(list)
    for ticket in content.tickets:
        by_line[ticket.position].append(ticket)
    writer = _Rows(ZoneInfo(content.timezone))
    sections = [
        _section(position, lines.get(position), by_line[position], writer, content.currency)
        for position in sorted(by_line)
    ]
    return Annex(f"Times are those of {clean(content.timezone)}.", tuple(sections))


def _section(position: int, line: Line | None, tickets: list[TicketRow], writer: _Rows, currency: str) -> Section:
    title = clean(line.description) if line else "No line of this proforma"
    return Section(
        f"{position}  {title}", _counted(tickets), writer.rows(tickets), _sums(position, line, tickets, clean(currency))
    )


def _counted(tickets: Iterable[TicketRow]) -> str:
    kinds = {ticket.kind for ticket in tickets}
    if kinds == {Kind.INCIDENT}:
        return "Resolved"
    return "Closed" if kinds == {Kind.SERVICE_REQUEST} else "Resolved/closed"


def _sums(position: int, line: Line | None, tickets: list[TicketRow], currency: str) -> tuple[tuple[str, str], ...]:
    rated = sum((t.amount for t in tickets), Decimal("0.00"))
    noun = "ticket" if len(tickets) == 1 else "tickets"
    count = f"{len(tickets):,} {noun}, {currency}"
    if line is None or line.net == rated:
        return ((count, text.amount(rated)),)
    return (
        (count, text.amount(rated)),
        ("Changed in review", text.signed(line.net - rated)),
        (f"Net of line {position}, {currency}", text.amount(line.net)),
    )


class _Rows:
    """Writes rows; what repeats (kind, group, amount) is written once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._kind = cache(kind_and_priority)
        self._group = cache(clean)
        self._amount = cache(text.amount)

    def rows(self, tickets: list[TicketRow]) -> tuple[Row, ...]:
        zone = self._zone
        return tuple(
            (
                clean(t.number),
                self._kind(t.kind, t.priority),
                text.instant(t.opened_at, zone),
                text.instant(t.counted_at, zone),
                clean(t.summary),
                self._group(t.group),
                self._amount(t.amount),
            )
            for t in tickets
        )
