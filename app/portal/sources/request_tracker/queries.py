"""TicketSQL, RT's query language. Pure: text in, text out.

Date literals carry no zone, because RT reads every literal in the zone of the account that asks and takes a `Z` or an
offset silently for something else; `client` makes sure that the account's zone is UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from portal.domain.periods import Window

_ALMOST_A_SECOND = timedelta(microseconds=999_999)


def tickets_of(queues: Iterable[int]) -> str:
    """Tickets (not reminders, not approvals) of these queues that somebody closed, in whatever word of the lifecycle.

    RT keeps `Resolved` when a ticket is reopened, so the date alone would bill work that goes on. `__Inactive__` stands
    for every closed status of each queue's lifecycle, so that a status nobody mapped is read and blocks, not missed.
    """
    places = " OR ".join(f"Queue = {queue}" for queue in queues)
    return f"Type = 'ticket' AND Status = '__Inactive__' AND ({places})"


def closed_in(window: Window, closed_field: str = "") -> str:
    """Closed in the window by RT's own date; lacking that by the custom field; lacking that by the last update."""
    stray = _between("LastUpdated", window)
    if closed_field:
        field = f"CF.{{{closed_field}}}"
        stray = f"(({_between(field, window)}) OR ({field} IS NULL AND {stray}))"
    return f"(({_between('Resolved', window)}) OR (Resolved IS NULL AND {stray}))"


def after(query: str, last: int) -> str:
    """The rest of a query's tickets by id, so that one that comes or goes meanwhile moves no other."""
    return f"({query}) AND id > {last}"


def any_of(ids: Iterable[int]) -> str:
    """RT 5.0 refuses IN (...)."""
    return "Type = 'ticket' AND (" + " OR ".join(f"id = {i}" for i in ids) + ")"


def _between(field: str, window: Window) -> str:
    return f"{field} >= '{_literal(window.start)}' AND {field} < '{_literal(window.end)}'"


def _literal(instant: datetime) -> str:
    """RT keeps whole seconds, so an edge within a second is the same as one at its end."""
    return f"{(instant.astimezone(UTC) + _ALMOST_A_SECOND):%Y-%m-%d %H:%M:%S}"
