"""Lines and totals of a proforma from fixed monthly lines and boxed tickets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal.domain.money import line_net, tax_on, total
from portal.domain.periods import Period
from portal.domain.rating import Box, Boxed, Rate


class Origin(StrEnum):
    FIXED = "fixed"
    TICKETS = "tickets"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class FixedLine:
    """A line that is billed every month. Valid from the first day of a month to the first day of another (or open)."""

    id: int
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    valid_from: date
    valid_to: date | None = None

    def covers(self, period: Period) -> bool:
        """Whole months only: validity begins and ends with a month, so nothing is ever charged pro rata."""
        return self.valid_from <= period.first_day and (self.valid_to is None or period.first_day < self.valid_to)


@dataclass(frozen=True, slots=True)
class ComposedLine:
    """A line before people edit it; net = quantity x unit_price in cents. `boxed` are the tickets behind it."""

    origin: Origin
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    net: Decimal
    rate: Rate | None = None
    fixed_line_id: int | None = None
    boxed: tuple[Boxed, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    net: Decimal
    tax: Decimal
    gross: Decimal


def compose(period: Period, fixed_lines: Iterable[FixedLine], boxed: Iterable[Boxed]) -> tuple[ComposedLine, ...]:
    """Fixed lines first, in their order; then one line a rate, by kind and priority."""
    fixed = [_fixed(line) for line in fixed_lines if line.covers(period)]
    return (*fixed, *_ticket_lines(boxed))


def totals(nets: Iterable[Decimal], vat_rate: Decimal) -> Totals:
    """Net is the sum of the lines, tax is rounded once on it, gross is their sum."""
    net = total(nets)
    tax = tax_on(net, vat_rate)
    return Totals(net, tax, net + tax)


def _fixed(line: FixedLine) -> ComposedLine:
    net = line_net(line.quantity, line.unit_price)
    return ComposedLine(
        Origin.FIXED, line.description, line.quantity, line.unit, line.unit_price, net, fixed_line_id=line.id
    )


def _ticket_lines(boxed: Iterable[Boxed]) -> list[ComposedLine]:
    by_rate: dict[int, list[Boxed]] = defaultdict(list)
    rates: dict[int, Rate] = {}
    for item in boxed:
        if item.box is Box.BILLED and item.rate is not None:
            by_rate[item.rate.id].append(item)
            rates[item.rate.id] = item.rate
    ordered = sorted(rates.values(), key=lambda r: (r.kind, r.priority, r.valid_from))
    return [_ticket_line(rate, by_rate[rate.id]) for rate in ordered]


def _ticket_line(rate: Rate, boxed: list[Boxed]) -> ComposedLine:
    quantity = Decimal(len(boxed))
    return ComposedLine(
        Origin.TICKETS,
        rate.description,
        quantity,
        "ticket",
        rate.unit_price,
        line_net(quantity, rate.unit_price),
        rate=rate,
        boxed=tuple(sorted(boxed, key=lambda b: b.ticket.number)),
    )
