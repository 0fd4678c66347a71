"""Each ticket of a collection lands in exactly one box, or is a problem that blocks composing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.domain.errors import Problem
from portal.domain.money import money
from portal.domain.tickets import ANY_PRIORITY, Kind, Outcome, Ticket, Vocabulary, counted_at


class Box(StrEnum):
    BILLED = "billed"
    EXCLUDED = "excluded"
    CARRIED_OVER = "carried_over"


NO_RESOLUTION_DATE = "no_resolution_date"
CANCELLED = "cancelled"
NOT_COMPLETED = "not_completed"
TEST_TICKET = "test_ticket"
ALREADY_BILLED = "already_billed"
OUTSIDE_CONTRACT = "outside_contract"
BY_DECISION = "by_decision"
REMOVED_BY_REVIEWER = "removed_by_reviewer"

EXCLUSION_REASONS: Mapping[str, str] = {
    NO_RESOLUTION_DATE: "closed without a resolution date",
    CANCELLED: "cancelled",
    NOT_COMPLETED: "not completed when it was read",
    TEST_TICKET: "test ticket by the contract's rule",
    ALREADY_BILLED: "billed on an earlier proforma",
    OUTSIDE_CONTRACT: "on a day on which the contract is not valid",
    BY_DECISION: "excluded by a named person",
    REMOVED_BY_REVIEWER: "removed from a line by a reviewer",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A price per ticket. Valid for days valid_from <= day < valid_to; `priority` may be "*" for any."""

    id: int
    kind: Kind
    priority: str
    unit_price: Decimal
    description: str
    valid_from: date
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a named person decided about one ticket: box is excluded or carried_over."""

    box: Box
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All that boxing needs to know of a contract and its customer, apart from the tickets."""

    zone: ZoneInfo
    vocabulary: Vocabulary
    rates: tuple[Rate, ...]
    test_marker: str = ""
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    billed_before: Mapping[str, str] = field(default_factory=dict)
    """source_key -> number of the proforma that billed it"""
    valid_from: date = date.min
    valid_to: date | None = None
    """the contract's own span: valid_from <= day < valid_to"""

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Boxed:
    """A ticket in its box. `amount` and `rate` are set for billed tickets only; `by` where a person decided."""

    ticket: Ticket
    box: Box
    reason: str = ""
    by: str = ""
    detail: str = ""
    rate: Rate | None = None
    amount: Decimal = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Boxing:
    """The boxes of one collection. Complete only when `problems` is empty."""

    boxed: tuple[Boxed, ...]
    problems: tuple[Problem, ...]


def box_all(tickets: Iterable[Ticket], rules: Rules) -> Boxing:
    """Box every ticket; what cannot be boxed becomes a Problem with its place and remedy."""
    tickets = tuple(tickets)
    numbers = Counter(t.number for t in tickets if t.source_key not in rules.decisions)
    results = [_box(ticket, rules, numbers) for ticket in tickets]
    boxed = tuple(r for r in results if isinstance(r, Boxed))
    return Boxing(boxed, tuple(r for r in results if isinstance(r, Problem)))


def _box(ticket: Ticket, rules: Rules, numbers: Mapping[str, int]) -> Boxed | Problem:
    decision = rules.decisions.get(ticket.source_key)
    if decision is not None:
        return Boxed(ticket, decision.box, BY_DECISION, decision.by, decision.reason)
    if ticket.problems or numbers[ticket.number] > 1:
        return _unreadable(ticket, numbers)
    kind, outcome = rules.vocabulary.kind(ticket), rules.vocabulary.outcome(ticket)
    if kind is None or outcome is None:
        return _unknown_word(ticket, kind)
    reason, detail = _exclusion(ticket, kind, outcome, rules)
    if reason:
        return Boxed(ticket, Box.EXCLUDED, reason, detail=detail)
    return _rated(ticket, kind, rules)


def _exclusion(ticket: Ticket, kind: Kind, outcome: Outcome, rules: Rules) -> tuple[str, str]:
    if rules.test_marker and rules.test_marker.casefold() in ticket.summary.casefold():
        return TEST_TICKET, f"the summary contains '{rules.test_marker}'"
    if outcome is Outcome.CANCELLED:
        return CANCELLED, ""
    if outcome is Outcome.OPEN:
        return NOT_COMPLETED, f"state '{ticket.state}'"
    instant = counted_at(ticket, kind)
    if instant is None:
        return NO_RESOLUTION_DATE, ""
    if not rules.covers(day := instant.astimezone(rules.zone).date()):
        return OUTSIDE_CONTRACT, str(day)
    if number := rules.billed_before.get(ticket.source_key):
        return ALREADY_BILLED, number
    return "", ""


def _rated(ticket: Ticket, kind: Kind, rules: Rules) -> Boxed | Problem:
    priority = rules.vocabulary.priority(ticket)
    if priority is None:
        return Problem(
            "ticket.priority_unknown",
            f"Priority '{ticket.priority}' is not known." if ticket.priority else "The ticket has no priority.",
            ticket.number,
            "Map the value on the customer's source, or set the ticket aside with a reason.",
        )
    instant = counted_at(ticket, kind)
    assert instant is not None  # _exclusion has boxed tickets without one
    day = instant.astimezone(rules.zone).date()
    rate = rate_for(rules.rates, kind, priority, day)
    if rate is None:
        return Problem(
            "ticket.no_rate",
            f"The contract has no price for {kind} of priority {priority} on {day}.",
            ticket.number,
            "Add a rate that is valid on that day, or set the ticket aside with a reason.",
        )
    return Boxed(ticket, Box.BILLED, rate=rate, amount=money(rate.unit_price))


def rate_for(rates: Iterable[Rate], kind: Kind, priority: str, day: date) -> Rate | None:
    """The rate of exactly this priority, else the rate for any priority, else None."""
    fitting = {r.priority: r for r in rates if r.kind is kind and r.covers(day)}
    return fitting.get(priority) or fitting.get(ANY_PRIORITY)


def _unreadable(ticket: Ticket, numbers: Mapping[str, int]) -> Problem:
    if ticket.problems:
        return Problem(
            "ticket.unreadable",
            "; ".join(ticket.problems) + ".",
            ticket.number,
            "Have it mended in the customer's system and collect again, or set the ticket aside with a reason.",
        )
    return Problem(
        "ticket.number_twice",
        f"{numbers[ticket.number]} tickets carry the number {ticket.number}.",
        f"{ticket.number}, record {ticket.source_key}",
        "Decide which one counts: exclude or set aside the others with a reason.",
    )


def _unknown_word(ticket: Ticket, kind: Kind | None) -> Problem:
    word, value = ("kind", ticket.kind) if kind is None else ("state", ticket.state)
    return Problem(
        f"ticket.{word}_unknown",
        f"The {word} '{value}' is not known.",
        ticket.number,
        "Map the value on the customer's source, or set the ticket aside with a reason.",
    )
