"""The proof that every ticket and every cent is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from portal.domain.errors import Problem
from portal.domain.rating import Box


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of tickets and sums in cents of one proforma."""

    source_total: int
    carried_in: int
    boxes: tuple[tuple[str, str, int], ...]
    """(box, reason, count), sorted"""
    rated: Decimal
    """sum of the rated amounts of the billed tickets"""
    edited: Decimal
    """sum of the differences that people made on ticket lines"""
    ticket_lines_net: Decimal

    def count(self, box: Box) -> int:
        return sum(n for name, _, n in self.boxes if name == box)

    def excluded(self) -> dict[str, int]:
        return {reason: n for name, reason, n in self.boxes if name == Box.EXCLUDED}


def box_counts(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    """From (box, reason) of each ticket to sorted (box, reason, count)."""
    return tuple((box, reason, n) for (box, reason), n in sorted(Counter(pairs).items()))


def findings(account: Account) -> tuple[Problem, ...]:
    """Empty when counts and money add up; otherwise what does not, and by how much."""
    problems = []
    boxed, expected = sum(n for *_, n in account.boxes), account.source_total + account.carried_in
    if boxed != expected:
        problems.append(
            Problem(
                "complete.count",
                f"{boxed} tickets are in boxes, but {account.source_total} were collected and "
                f"{account.carried_in} carried in.",
                remedy="Compose again; if it stays, collect again.",
            )
        )
    if account.ticket_lines_net != account.rated + account.edited:
        problems.append(
            Problem(
                "complete.money",
                f"The ticket lines add up to {account.ticket_lines_net}, the tickets to {account.rated} "
                f"and the edited differences to {account.edited}.",
                remedy="Compose again.",
            )
        )
    return tuple(problems)
