"""A seeded, believable month of incidents and service requests, as rows that a ServiceNow would store.

The rows hold what real exports hold: tickets exactly at the month's edges and a second outside them, tickets of other
months, and a few dirty ones that a month end gets through (closed without a resolution date, cancelled, "[TEST]",
reopened). Those that stop a month end come only with `dirty_blocking`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.office_hours import SLA_HOURS, MonthWindow, duration, stored
from sandbox.phrases import APPS, AWKWARD, DEVICES, FIRST, INCIDENTS, LAST, REQUESTS, SITES, TEST_TICKETS
from sandbox.tables import sys_id

SMALLEST, LARGEST = 60, 1_000_000
REQUEST_SHARE = 160 / 580
AUTO_CLOSE = timedelta(days=5)
READ_AFTER = timedelta(days=5, hours=6)
"""the rows say what was known this long after the month's end"""
SECOND = timedelta(seconds=1)
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Month:
    """`notes` says what is in the rows (name -> count), so that people know what ought to come out."""

    period: str
    rows: list[Row]
    notes: dict[str, str] = field(default_factory=dict)


def make_month(*, seed: int, count: int, period: str, zone: ZoneInfo, dirty_blocking: bool = False) -> Month:
    """`count` tickets of the month (at least 60; dirty ones included), and a few per cent of other months besides.

    `period` is YYYY-MM, or "" for the month that ended last. Raises ConfigError when it is neither.
    """
    window = MonthWindow.parse(period, zone)
    maker = _Maker(random.Random(f"{seed}/{window.period}"), window)  # noqa: S311 the same month every time
    count = max(count, SMALLEST)
    requests = round(count * REQUEST_SHARE)
    inside = [*maker.incidents(count - requests), *maker.requests(requests)]
    blocking = list(maker.blocking()) if dirty_blocking else []
    rows = _numbered([*inside, *blocking, *maker.outside(count // 20)], window)
    if dirty_blocking:
        _twice(rows)
    notes = _notes(inside, blocking)
    return Month(window.period, [_without_note(row) for row in rows], notes)


def _numbered(rows: list[Row], window: MonthWindow) -> list[Row]:
    """Numbers rise with opened_at and differ from month to month, so that two rehearsed months never collide."""
    year, month = int(window.period[:4]), int(window.period[5:])
    base = ((year * 12 + month) * 20_011) % 9_000_000
    rows.sort(key=lambda row: row["opened_at"])
    for index, row in enumerate(rows, start=1):
        prefix = "INC" if row["sys_class_name"] == "incident" else "RITM"
        row["number"] = f"{prefix}{base + index:07d}"
        row["sys_id"] = sys_id(row["sys_class_name"], row["number"])
        if prefix == "RITM":
            row["request"] = f"REQ{base + index:07d}"
    return rows


def _twice(rows: list[Row]) -> None:
    """Give the second of a pair the first one's number; their keys stay apart."""
    first, second = (row for row in rows if row["u_note"] == "number twice")
    second["number"] = first["number"]


def _without_note(row: Row) -> Row:
    """`u_note` serves the counting here; a real export says nothing of the kind."""
    return {name: value for name, value in row.items() if name != "u_note"}


def _notes(inside: list[Row], blocking: list[Row]) -> dict[str, str]:
    notes = {
        "incidents_in_month": sum(row["sys_class_name"] == "incident" for row in [*inside, *blocking]),
        "requests_in_month": sum(row["sys_class_name"] == "sc_req_item" for row in [*inside, *blocking]),
    }
    for row in [*inside, *blocking]:
        if row["u_note"]:
            notes[row["u_note"]] = notes.get(row["u_note"], 0) + 1
    return {name: str(n) for name, n in notes.items()}


class _Maker:
    def __init__(self, rng: random.Random, window: MonthWindow) -> None:
        self.rng, self.window = rng, window
        self.known_at = window.end + READ_AFTER
        self.people = [f"{first} {last}" for first in FIRST for last in LAST]
        rng.shuffle(self.people)

    def incidents(self, count: int) -> Iterator[Row]:
        """Exactly `count` of the month, the edges and the dirty ones among them."""
        made = [self.incident(self.window.start), self.incident(self.window.end - SECOND)]
        made += [self._unresolved("no_resolution_date", "7") for _ in range(3)]
        made += [self._unresolved("cancelled", "8") for _ in range(3)]
        made += [self._with(self.incident(self._moment()), short_description=t, u_note="test") for t in TEST_TICKETS]
        made += [self._with(self.incident(self._moment()), short_description=t) for t in AWKWARD]
        made += [self._with(self.incident(self._moment()), reopen_count="1") for _ in range(3)]
        made.append(self._reopened())
        yield from made
        for _ in range(count - len(made)):
            yield self.incident(self._moment())

    def requests(self, count: int) -> Iterator[Row]:
        made = [self.request(self.window.start), self.request(self.window.end - SECOND)]
        made += [self.request(self._moment(), state="4", note="cancelled") for _ in range(2)]
        made += [self.request(self._moment(), state="7", note="cancelled") for _ in range(2)]
        made.append(self._with(self.request(self._moment()), short_description=TEST_TICKETS[1], u_note="test"))
        yield from made
        for _ in range(count - len(made)):
            yield self.request(self._moment())

    def outside(self, count: int) -> Iterator[Row]:
        """A second before and exactly at the end, then tickets of the days around the month, and open ones."""
        makers: tuple[Callable[[datetime], Row], ...] = (self.incident, self.request)
        for make in makers:
            yield make(self.window.start - SECOND)
            yield make(self.window.end)
        for index in range(count):
            days = timedelta(hours=self.rng.uniform(1, 120))
            yield makers[index % 2](self.window.end + days if index % 4 < 2 else self.window.start - days)
        for _ in range(max(2, count // 4)):
            yield self._open()

    def blocking(self) -> Iterator[Row]:
        """Tickets that a person has to decide about before the month can be billed."""
        yield self._with(self.incident(self._moment()), priority="", u_note="no priority")
        yield self._with(self.incident(self._moment()), priority="9", u_note="unknown priority")
        yield self._with(self.incident(self._moment()), u_note="number twice")
        yield self._with(self.incident(self._moment()), u_note="number twice")
        yield self._with(self.incident(self._moment()), resolved_at=self._no_date(), u_note="date that is none")

    def _no_date(self) -> str:
        """30 February where the month's window holds it as text, otherwise a time that no clock shows."""
        impossible = f"{self.window.period[:4]}-02-30 10:00:00"
        fits = stored(self.window.start) <= impossible < stored(self.window.end)
        return impossible if fits else f"{self.window.period}-15 25:61:00"

    def incident(self, resolved: datetime) -> Row:
        priority = self.rng.choices("1234", (1, 6, 51, 42))[0]
        took = duration(self.rng, priority)
        closed = resolved + AUTO_CLOSE if resolved + AUTO_CLOSE <= self.known_at else None
        text, category, group = self.rng.choice(INCIDENTS)
        row = self._task("incident", priority, resolved - took, group, self._text(text))
        return self._with(
            row,
            state="7" if closed else "6",
            incident_state="7" if closed else "6",
            category=category,
            caller_id=self.rng.choice(self.people),
            resolved_at=stored(resolved),
            resolved_by=row["assigned_to"],
            closed_at=stored(closed),
            sys_updated_on=stored(closed or resolved),
            active="false" if closed else "true",
            made_sla="true" if took.total_seconds() <= SLA_HOURS[priority] * 3600 else "false",
            reopen_count="0",
        )

    def request(self, closed: datetime, state: str = "3", note: str = "") -> Row:
        priority = self.rng.choices("1234", (0, 3, 27, 70))[0]
        took = duration(self.rng, priority) * 2
        text, item, group = self.rng.choice(REQUESTS)
        row = self._task("sc_req_item", priority, closed - took, group, self._text(text))
        requester = self.rng.choice(self.people)
        values = {"request.requested_for": requester, "request.opened_by": requester}
        return self._with(
            {**row, **values},
            state=state,
            cat_item=item,
            stage="Completed" if state == "3" else "Request Cancelled",
            closed_at=stored(closed),
            sys_updated_on=stored(closed),
            active="false",
            made_sla="true" if took.total_seconds() <= 14 * 86400 else "false",
            u_note=note,
        )

    def _unresolved(self, note: str, state: str) -> Row:
        """Closed in the month, but nobody wrote when it was resolved."""
        moment = self._moment()
        row = self.incident(moment)
        row = self._with(row, state=state, incident_state=state, resolved_at="", resolved_by="", active="false")
        return self._with(row, closed_at=stored(moment), sys_updated_on=stored(moment), u_note=note)

    def _reopened(self) -> Row:
        """Resolved in the month, reopened after it: resolved_at stands, the work is not done."""
        row = self.incident(self.window.end - timedelta(days=2))
        row = self._with(row, state="2", incident_state="2", closed_at="", active="true", reopen_count="1")
        return self._with(row, sys_updated_on=stored(self.window.end + timedelta(days=1)), u_note="not_completed")

    def _open(self) -> Row:
        row = self.incident(self._moment())
        row = self._with(row, state="2", incident_state="2", resolved_at="", resolved_by="", closed_at="")
        return self._with(row, active="true", sys_updated_on=row["opened_at"])

    def _task(self, table: str, priority: str, opened: datetime, group: str, text: str) -> Row:
        opened_at = stored(opened)
        return {
            "sys_class_name": table,
            "priority": priority,
            "impact": "2" if priority in "12" else "3",
            "urgency": "1" if priority == "1" else "2" if priority in "23" else "3",
            "short_description": text,
            "contact_type": self.rng.choices(("self-service", "phone", "email"), (5, 3, 2))[0],
            "assignment_group": group,
            "assigned_to": self.rng.choice(self.people[:15]),
            "opened_at": opened_at,
            "sys_created_on": opened_at,
            "reassignment_count": str(self.rng.choices((0, 1, 2, 3), (70, 20, 8, 2))[0]),
            "u_note": "",
        }

    def _moment(self) -> datetime:
        return self.window.moment(self.rng)

    def _text(self, template: str) -> str:
        rng = self.rng
        devices = {name: f"{prefix}{rng.randrange(1, 900):03d}" for name, prefix in DEVICES.items()}
        places = {"app": rng.choice(APPS), "site": rng.choice(SITES), "person": rng.choice(self.people)}
        return template.format(n=rng.randrange(2, 30), **places, **devices)

    @staticmethod
    def _with(row: Row, **values: str) -> Row:
        return {**row, **values}
