"""What a contract prices, with where each price stands in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar

from portal.contracts.models import Dated

Term = TypeVar("Term", bound=Dated)


@dataclass(frozen=True, slots=True)
class Span(Generic[Term]):
    """`when`: now, later, ended, or never (replaced from its first day on). `last_day` is inclusive."""

    term: Term
    when: str
    last_day: date | None


def spans(terms: Iterable[Term], today: date) -> list[Span[Term]]:
    return [Span(term, _when(term, today), _last_day(term)) for term in terms]


def _when(term: Dated, today: date) -> str:
    if term.valid_to == term.valid_from:
        return "never"
    if term.valid_to is not None and term.valid_to <= today:
        return "ended"
    return "later" if term.valid_from > today else "now"


def _last_day(term: Dated) -> date | None:
    return term.valid_to - timedelta(days=1) if term.valid_to else None
