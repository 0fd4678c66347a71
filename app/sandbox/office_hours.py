"""When people of one time zone open tickets and close them. Deterministic for a given random generator."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.config import ConfigError

WEEKDAYS = (1.3, 1.15, 1.05, 1.0, 0.9, 0.12, 0.08)
HOURS = (1, 1, 1, 1, 1, 2, 6, 16, 40, 62, 66, 52, 30, 40, 58, 54, 38, 20, 8, 4, 3, 2, 2, 1)
"""weights by local hour: two peaks around lunch, someone on call at night"""
MEDIAN_HOURS = {"1": 3.0, "2": 8.0, "3": 20.0, "4": 44.0}
SLA_HOURS = {"1": 4.0, "2": 8.0, "3": 24.0, "4": 72.0}
STORED = "%Y-%m-%d %H:%M:%S"


def stored(moment: datetime | None) -> str:
    """UTC as ServiceNow stores it; "" for None."""
    return "" if moment is None else moment.astimezone(UTC).strftime(STORED)


@dataclass(frozen=True, slots=True)
class MonthWindow:
    """The half-open instants of one calendar month in a zone, in UTC."""

    period: str
    zone: ZoneInfo
    start: datetime
    end: datetime

    @classmethod
    def parse(cls, period: str, zone: ZoneInfo) -> MonthWindow:
        """From YYYY-MM, or from "" for the month that ended last. Raises ConfigError."""
        try:
            first = date.fromisoformat(f"{period}-01") if period else _last_month(zone)
        except ValueError:
            raise ConfigError(f"'{period}' is no month. Write it as YYYY-MM, for example 2026-03.") from None
        after = (first + timedelta(days=31)).replace(day=1)
        edges = [datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC) for day in (first, after)]
        return cls(f"{first:%Y-%m}", zone, *edges)

    def moment(self, rng: random.Random) -> datetime:
        """An instant inside the window, likelier in office hours."""
        days = (self.end - self.start).days
        while True:
            day = (self.start.astimezone(self.zone) + timedelta(days=rng.randrange(days + 1))).date()
            if rng.random() * max(WEEKDAYS) > WEEKDAYS[day.weekday()]:
                continue
            clock = time(rng.choices(range(24), HOURS)[0], rng.randrange(60), rng.randrange(60))
            found = datetime.combine(day, clock, tzinfo=self.zone).astimezone(UTC)
            if self.start <= found < self.end:
                return found


def _last_month(zone: ZoneInfo) -> date:
    return (datetime.now(zone).date().replace(day=1) - timedelta(days=1)).replace(day=1)


def duration(rng: random.Random, priority: str) -> timedelta:
    """How long work took: log-normal around the priority's median, at most 40 days."""
    hours = min(MEDIAN_HOURS[priority] * rng.lognormvariate(0, 0.9), 960)
    return timedelta(seconds=round(hours * 3600) + 60)
