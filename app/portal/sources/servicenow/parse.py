"""Rows of ServiceNow's Table API -> Ticket. Pure.

Rows are asked for with `sysparm_display_value=false` and without reference links, so every value is the stored one, a
string: date-times are UTC as `YYYY-MM-DD HH:MM:SS`, choices are their codes, an absent value is "".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from portal.domain.tickets import Ticket

Row = Mapping[str, Any]
RowParser = Callable[[Iterable[Row]], list[Ticket]]

# In the order in which row_parser takes them. The right side is ServiceNow's field; "" leaves ours empty.
_TASK = {
    "source_key": "sys_id",
    "number": "number",
    "priority": "priority",
    "state": "state",
    "opened_at": "opened_at",
    "resolved_at": "",
    "closed_at": "closed_at",
    "updated_at": "sys_updated_on",
    "summary": "short_description",
    "caller": "",
    "group": "assignment_group.name",
}
OURS = tuple(_TASK)
INCIDENT_FIELDS: Mapping[str, str] = MappingProxyType({**_TASK, "resolved_at": "resolved_at", "caller": "caller_id"})
REQUEST_FIELDS: Mapping[str, str] = MappingProxyType({**_TASK, "caller": "request.requested_for"})

# The values of an instance fresh from the box; customers change them, then the customer's row overrides this.
DEFAULT_VOCABULARY: dict[str, Any] = {
    "kinds": {"incident": "incident", "sc_req_item": "service_request"},
    "priorities": {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5"},
    "states": {
        "incident": {
            "1": "open",  # New
            "2": "open",  # In Progress
            "3": "open",  # On Hold
            "6": "completed",  # Resolved
            "7": "completed",  # Closed
            "8": "cancelled",  # Canceled
        },
        "sc_req_item": {
            "-5": "open",  # Pending
            "1": "open",  # Open
            "2": "open",  # Work in Progress
            "3": "completed",  # Closed Complete
            "4": "cancelled",  # Closed Incomplete
            "7": "cancelled",  # Closed Skipped
        },
    },
}


def row_parser(table: str, fields: Mapping[str, str], pseudonym: Callable[[str], str]) -> RowParser:
    """A function from rows of `table` to tickets, in their order.

    `fields`: for each of OURS the field of the table. A value that cannot be read leaves its field empty and is named
    in the ticket's `problems`. Built once for many rows: this is what bounds the speed of a collection.
    """
    names = [fields[ours] for ours in OURS]
    take = itemgetter(*names)
    complete = dict.fromkeys(names, "")

    def parse(rows: Iterable[Row]) -> list[Ticket]:
        tickets = []
        for row in rows:
            try:
                values = take(row)
                tickets.append(_ticket(table, values, pseudonym))
            except (KeyError, ValueError, TypeError, AttributeError):
                values = take({**complete, **row})
                tickets.append(_mended(table, [_plain(value) for value in values], pseudonym))
        return tickets

    return parse if "" not in names else lambda rows: parse({**row, "": ""} for row in rows)


def _ticket(table: str, values: Sequence[str], pseudonym: Callable[[str], str]) -> Ticket:
    """The short way for a row as it should be. Raises ValueError, TypeError or AttributeError for any other."""
    key, number, priority, state, opened, resolved, closed, updated, summary, caller, group = values
    return Ticket(
        key,
        _clean(number),
        table,
        priority,
        state,
        _instant(opened),
        _instant(resolved),
        _instant(closed),
        _instant(updated),
        _clean(summary),
        pseudonym(caller),
        _clean(group),
    )


def _mended(table: str, values: Sequence[str], pseudonym: Callable[[str], str]) -> Ticket:
    """The long way: what cannot be read is emptied and named."""
    values, problems = list(values), []
    for index, ours in enumerate(OURS):
        if ours.endswith("_at"):
            try:
                _instant(values[index])
            except ValueError:
                problems.append(f"{ours}: {_clean(values[index])[:40]!r} is no date")
                values[index] = ""
    ticket = _ticket(table, values, pseudonym)
    return _with_problems(ticket, tuple(problems)) if problems else ticket


def _with_problems(ticket: Ticket, problems: tuple[str, ...]) -> Ticket:
    fields = {name: getattr(ticket, name) for name in Ticket.__slots__}
    return Ticket(**{**fields, "problems": problems})


def _plain(value: object) -> str:
    """The stored value of a cell in any of the shapes that the API has for one."""
    if isinstance(value, Mapping):
        return _plain(value.get("value"))
    return "" if value is None else str(value)


def _instant(text: str) -> datetime | None:
    """`2026-03-01 08:15:00`, in UTC; None for "". Raises ValueError, also for a bare date or a zone."""
    if not text:
        return None
    if len(text) != 19:
        raise ValueError(text)
    return datetime.fromisoformat(text + "+00:00")  # ten times cheaper than replace(tzinfo=UTC)


def _clean(text: str) -> str:
    """One line without control characters and half surrogates, which no database, PDF or XML takes."""
    if text.isprintable():
        return text
    marked = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and not c.isspace() else c for c in text)
    return " ".join(marked.split())
