"""Rows of ServiceNow's Table API -> Ticket. Pure.

Rows are asked for with `sysparm_display_value=false` and without reference links, so every value is the stored one, a
string: date-times are UTC as `YYYY-MM-DD HH:MM:SS`, choices are their codes, an absent value is "".
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from operator import add, itemgetter
from types import MappingProxyType
from typing import Any

from portal.domain.tickets import Ticket

Row = Mapping[str, Any]
Column = Sequence[str]
RowParser = Callable[[Sequence[Row]], list[Ticket]]

LENGTH = len("2026-03-01 08:15:00")
UTC_OFFSET = "+00:00"  # read with the text, ten times cheaper than replace(tzinfo=UTC) on the result
DATES = ("opened_at", "resolved_at", "closed_at", "updated_at")
TEXTS = ("source_key", "number", "priority", "state", "summary", "group")

# Our fields -> ServiceNow's; "" leaves ours empty.
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
    in the ticket's `problems`. It works on whole columns, because this is what bounds the speed of a collection.
    """
    read = _column_reader([fields[ours] for ours in OURS])

    def parse(rows: Sequence[Row]) -> list[Ticket]:
        columns = read(rows)
        try:
            return tickets(len(rows), columns)
        except (TypeError, AttributeError):  # values that are no text
            return tickets(len(rows), [tuple(map(_plain, column)) for column in columns])

    def tickets(count: int, texts_in_order: Sequence[Column]) -> list[Ticket]:
        texts = dict(zip(OURS, texts_in_order, strict=True))
        columns: dict[str, Iterable[Any]] = {**texts, "kind": repeat(table)}
        problems: dict[int, list[str]] = {}
        for ours in DATES:
            columns[ours] = _instants(ours, texts[ours], problems)
        for ours in TEXTS:
            columns[ours] = _lines(texts[ours])
        columns["caller"] = map(pseudonym, texts["caller"])
        columns["problems"] = [tuple(problems.get(i, ())) for i in range(count)] if problems else repeat(())
        return _tickets(count, columns)

    return parse


def _column_reader(names: Sequence[str]) -> Callable[[Sequence[Row]], Sequence[Column]]:
    """A function from rows to one column a name; "" where a row has no such field, or the name is ""."""
    own = list(dict.fromkeys(name for name in names if name))
    take = itemgetter(*own, own[0])  # one more, so that it gives a tuple even of a single field
    blank = dict.fromkeys(own, "")

    def read(rows: Sequence[Row]) -> Sequence[Column]:
        try:
            columns = list(zip(*map(take, rows), strict=True))
        except KeyError:
            columns = list(zip(*(take({**blank, **row}) for row in rows), strict=True))
        by_name = dict(zip(own, columns, strict=False))
        return [by_name.get(name, ("",) * len(rows)) for name in names]

    return read


def _tickets(count: int, columns: Mapping[str, Iterable[Any]]) -> list[Ticket]:
    """`[Ticket(...), ...]` at half of its price: a frozen dataclass pays a detour for each field of each row."""
    tickets = list(map(object.__new__, repeat(Ticket, count)))
    for name in Ticket.__slots__:
        deque(map(getattr(Ticket, name).__set__, tickets, columns[name]), maxlen=0)
    return tickets


def _plain(value: object) -> str:
    """The stored value of a cell in any of the shapes that the API has for one."""
    if isinstance(value, Mapping):
        return _plain(value.get("value"))
    return "" if value is None else str(value)


def _instants(ours: str, column: Column, problems: dict[int, list[str]]) -> list[datetime | None]:
    """Date-times of a column; what is none is None and is named in `problems` by its row."""
    try:
        lengths = set(map(len, column))
        if lengths <= {LENGTH}:
            return list(map(datetime.fromisoformat, map(add, column, repeat(UTC_OFFSET))))
        if lengths <= {0, LENGTH}:
            return [datetime.fromisoformat(text + UTC_OFFSET) if text else None for text in column]
    except ValueError:
        pass
    instants = list(map(_instant, column))
    for row, (text, instant) in enumerate(zip(column, instants, strict=True)):
        if text and instant is None:
            problems.setdefault(row, []).append(f"{ours}: {_clean(text)[:40]!r} is no date")
    return instants


def _instant(text: str) -> datetime | None:
    """`2026-03-01 08:15:00`, in UTC; None for anything else, also for a bare date or one with a zone."""
    try:
        return datetime.fromisoformat(text + UTC_OFFSET) if len(text) == LENGTH else None
    except ValueError:
        return None


def _lines(column: Column) -> Column:
    return column if all(map(str.isprintable, column)) else list(map(_clean, column))


def _clean(text: str) -> str:
    """One line without control characters and half surrogates, which no database, PDF or XML takes."""
    if text.isprintable():
        return text
    marked = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") and not c.isspace() else c for c in text)
    return " ".join(marked.split())
