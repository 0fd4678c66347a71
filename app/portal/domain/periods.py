"""Billing periods: calendar months, half-open, in the contract's time zone."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from portal.domain.errors import InputError


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of instants: start <= t < end. Both are aware and in UTC."""

    start: datetime
    end: datetime

    def __contains__(self, instant: object) -> bool:
        return isinstance(instant, datetime) and self.start <= instant < self.end

    def slices(self, count: int) -> tuple[Window, ...]:
        """Cut into `count` adjoining windows that cover exactly this one (whole seconds)."""
        seconds = int((self.end - self.start).total_seconds())
        count = max(1, min(count, seconds))
        step = (self.end - self.start) / count
        cuts = [(self.start + step * i).replace(microsecond=0) for i in range(count)] + [self.end]
        return tuple(Window(a, b) for a, b in itertools.pairwise(cuts))


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """From `YYYY-MM`. Raises InputError."""
        match = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1900:
            raise InputError(
                f"'{text}' is no month.", where="period", remedy="Write it as YYYY-MM, for example 2026-03."
            )
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Period:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def end_day(self) -> date:
        """The first day after the period."""
        return self.next().first_day

    def next(self) -> Period:
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> Period:
        return Period(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def window(self, zone: ZoneInfo) -> Window:
        """The instants of this month as the zone's clocks show it, in UTC."""
        edges = (datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) for day in (self.first_day, self.end_day))
        return Window(*edges)

    def ended(self, now: datetime, zone: ZoneInfo) -> bool:
        return now >= self.window(zone).end

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
