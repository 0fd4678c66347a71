"""What is asked for: encoded queries for the tickets of a window. Pure.

A window of one table is one or two selections: rows by their date of counting, and for incidents those that were closed
in the window without a resolution date. Each selection is cut into slices of time, each slice is read by keyset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from portal.domain.periods import Window
from portal.domain.tickets import Ticket
from portal.sources.servicenow.settings import Settings, TableSettings

FORMAT = "%Y-%m-%d %H:%M:%S"
SLICES_A_THREAD = 2
"""so that an even load needs no luck: nights and weekends hold fewer tickets than working days"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of one table whose `date` (our name) lies in the window, and whose `unset` date, if named, is empty."""

    table: TableSettings
    date: str
    window: Window
    extra: str = ""
    unset: str = ""

    def query(self, after: str = "") -> str:
        """The encoded query, in the order of sys_id, of rows after a sys_id."""
        field = self.table.fields[self.date]
        conditions = [
            self.extra,
            f"{field}>={self.window.start.strftime(FORMAT)}",
            f"{field}<{self.window.end.strftime(FORMAT)}",
            f"{self.table.fields[self.unset]}ISEMPTY" if self.unset else "",
            f"sys_id>{after}" if after else "",
            "ORDERBYsys_id",
        ]
        return "^".join(condition for condition in conditions if condition)

    def strangers(self, tickets: Sequence[Ticket]) -> int:
        """How many of the tickets that came do not fit what was asked. An unreadable date speaks against none."""
        start, end, date = self.window.start, self.window.end, attrgetter(self.date)
        doubtful = [t for t in tickets if (at := date(t)) is None or not start <= at < end]
        outside = sum(date(t) is not None or not _unreadable(t, self.date) for t in doubtful)
        return outside + (sum(getattr(t, self.unset) is not None for t in tickets) if self.unset else 0)

    def slices(self, count: int) -> tuple[Selection, ...]:
        return tuple(replace(self, window=window) for window in self.window.slices(count))

    def __str__(self) -> str:
        kind = f"{self.date}, no {self.unset}" if self.unset else self.date
        return f"{self.table.name} by {kind}"


def _unreadable(ticket: Ticket, date: str) -> bool:
    return any(problem.startswith(date) for problem in ticket.problems)


def selections(settings: Settings, window: Window) -> tuple[Selection, ...]:
    """All that a window holds, without overlap: a row fits one selection at most."""
    found = []
    for table in settings.tables:
        found.append(Selection(table, table.counted_by, window, settings.extra_query))
        if table.counted_by == "resolved_at" and table.fields["closed_at"]:
            found.append(Selection(table, "closed_at", window, settings.extra_query, unset="resolved_at"))
    return tuple(found)


def slice_count(rows: int, settings: Settings) -> int:
    """How many slices pay for so many rows: one for a page or less, and one when nothing runs side by side."""
    pages = -(-rows // settings.page_size)
    return max(1, min(pages, settings.parallel * SLICES_A_THREAD)) if settings.parallel > 1 else 1


def keys_query(keys: Sequence[str]) -> str:
    """Rows by sys_id. The caller has checked the keys, so that nothing can be smuggled in."""
    return f"sys_idIN{','.join(keys)}^ORDERBYsys_id"
