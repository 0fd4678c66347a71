"""Writes of what a contract prices. Nothing is ever overwritten: a change ends the old one and adds a new one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db import IntegrityError
from django.db.models import Q

from portal.accounts.access import Permission, person, require
from portal.audit.services import acting
from portal.contracts.checks import refused, row_check
from portal.contracts.models import Contract, Dated, FixedLine, Rate

Term = TypeVar("Term", bound=Dated)


def rate_add(
    *,
    contract: Contract,
    kind: str,
    priority: str,
    unit_price: Decimal,
    description: str,
    valid_from: date,
    valid_to: date | None = None,
    reason: str = "",
    actor: str,
) -> Rate:
    """A price per ticket, valid_from <= day < valid_to. Raises InputError that names the rate it overlaps with."""
    require(person(actor), Permission.CONTRACTS)
    rate = Rate(
        contract=contract,
        kind=kind,
        priority=priority,
        unit_price=unit_price,
        description=description,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    with acting(actor, reason):
        _rate_store(rate)
    return rate


def rate_change(
    *, rate: Rate, unit_price: Decimal, description: str = "", valid_from: date, reason: str, actor: str
) -> Rate:
    """Another price from a day on, up to where the old one would have ended. Raises InputError."""
    require(person(actor), Permission.CONTRACTS)
    new = Rate(
        contract=rate.contract,
        kind=rate.kind,
        priority=rate.priority,
        unit_price=unit_price,
        description=description or rate.description,
        valid_from=valid_from,
        valid_to=rate.valid_to,
    )
    with acting(actor, reason):
        _end(rate, valid_from)
        _rate_store(new)
    return new


def rate_end(*, rate: Rate, valid_to: date, reason: str, actor: str) -> Rate:
    """The price is not valid from `valid_to` on. Raises InputError."""
    return _ended(rate, valid_to, reason, actor)


def fixed_line_add(
    *,
    contract: Contract,
    description: str,
    quantity: Decimal,
    unit: str,
    unit_price: Decimal,
    valid_from: date,
    valid_to: date | None = None,
    position: int = 10,
    reason: str = "",
    actor: str,
) -> FixedLine:
    """A line of every month from valid_from up to, not including, valid_to. Raises InputError."""
    require(person(actor), Permission.CONTRACTS)
    line = FixedLine(
        contract=contract,
        description=description,
        quantity=quantity,
        unit=unit,
        unit_price=unit_price,
        valid_from=valid_from,
        valid_to=valid_to,
        position=position,
    )
    with acting(actor, reason):
        _fixed_line_store(line)
    return line


def fixed_line_change(
    *,
    fixed_line: FixedLine,
    quantity: Decimal,
    unit_price: Decimal,
    description: str = "",
    valid_from: date,
    reason: str,
    actor: str,
) -> FixedLine:
    """Another quantity or price from the first of a month on. Raises InputError."""
    require(person(actor), Permission.CONTRACTS)
    new = FixedLine(
        contract=fixed_line.contract,
        description=description or fixed_line.description,
        quantity=quantity,
        unit=fixed_line.unit,
        unit_price=unit_price,
        valid_from=valid_from,
        valid_to=fixed_line.valid_to,
        position=fixed_line.position,
    )
    with acting(actor, reason):
        _whole_month_check(valid_from)
        _end(fixed_line, valid_from)
        _fixed_line_store(new)
    return new


def fixed_line_end(*, fixed_line: FixedLine, valid_to: date, reason: str, actor: str) -> FixedLine:
    """The line is not billed from `valid_to`, the first of a month, on. Raises InputError."""
    _whole_month_check(valid_to)
    return _ended(fixed_line, valid_to, reason, actor)


def validity(term: Dated) -> str:
    """In words, with the last day as people count it: 2026-01-01 to 2026-03-31."""
    if term.valid_to is None:
        return f"from {term.valid_from} on"
    if term.valid_to == term.valid_from:
        return "on no day"
    return f"from {term.valid_from} up to, not including, {term.valid_to}"


def _ended(term: Term, valid_to: date, reason: str, actor: str) -> Term:
    require(person(actor), Permission.CONTRACTS)
    with acting(actor, reason):
        _end(term, valid_to)
    return term


def _end(term: Dated, day: date) -> None:
    """Lock the row and move its end; two people who do it at once do it one after the other."""
    now = type(term)._default_manager.select_for_update().get(pk=term.pk)
    if day < now.valid_from or (now.valid_to is not None and day > now.valid_to):
        raise refused(
            f"'{now.description}' is valid {validity(now)}; {day} does not lie in it.",
            "date",
            "Choose a day in this span; to start it later or anew, end it and add another.",
        )
    now.valid_to = term.valid_to = day
    now.save(update_fields=["valid_to"])


def _rate_store(rate: Rate) -> None:
    _span_check(rate)
    row_check(rate)
    _overlap_check(rate)
    try:
        rate.save(force_insert=True)
    except IntegrityError as error:
        if "rate_no_overlap" not in str(error):
            raise
        raise refused(
            "Somebody else has just added a price for the same days.", "valid from", "Look at the list again."
        ) from None


def _fixed_line_store(line: FixedLine) -> None:
    _span_check(line)
    for day in filter(None, (line.valid_from, line.valid_to)):
        _whole_month_check(day)
    row_check(line)
    line.save(force_insert=True)


def _span_check(term: Dated) -> None:
    if term.valid_to is not None and term.valid_to <= term.valid_from:
        raise refused("It ends before it begins.", "ends before", "Correct one of the two dates.")


def _whole_month_check(day: date) -> None:
    if day.day != 1:
        raise refused(
            f"A fixed line begins and ends with a month, and {day} is no first of a month.",
            "date",
            f"Choose {day.replace(day=1)} or the first of another month; nothing is charged pro rata.",
        )


def _overlap_check(rate: Rate) -> None:
    same = Rate.objects.filter(contract=rate.contract, kind=rate.kind, priority=rate.priority)
    later = Q(valid_to__isnull=True) | Q(valid_to__gt=rate.valid_from)
    earlier = Q(valid_from__lt=rate.valid_to) if rate.valid_to else Q()
    for other in same.filter(later, earlier):
        if other.valid_from == other.valid_to:
            continue
        raise refused(
            f"'{other.description}' at {other.unit_price} already covers these tickets {validity(other)}.",
            "valid from",
            "Change that price from a date on, or end it first.",
        )
