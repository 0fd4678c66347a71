"""The customer's records in memory: one Table a ServiceNow table, sorted by sys_id, with cached query results."""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sandbox.query import Order, Query

KEPT_QUERIES = 64
REFERENCES = {
    "caller_id": "sys_user",
    "opened_by": "sys_user",
    "closed_by": "sys_user",
    "resolved_by": "sys_user",
    "assigned_to": "sys_user",
    "sys_user": "sys_user",
    "request.requested_for": "sys_user",
    "request.opened_by": "sys_user",
    "assignment_group": "sys_user_group",
    "cmdb_ci": "cmdb_ci",
    "location": "cmn_location",
    "request": "sc_request",
    "cat_item": "sc_cat_item",
    "problem_id": "problem",
    "rfc": "change_request",
}
"""field -> the table its value is a sys_id of"""

TASK_FIELDS = (
    *("sys_id", "number", "sys_class_name", "state", "active", "priority", "impact", "urgency", "short_description"),
    *("category", "contact_type", "assignment_group", "assigned_to", "opened_at", "opened_by", "closed_at"),
    *("closed_by", "made_sla", "reassignment_count", "sys_created_on", "sys_updated_on"),
)
FIELDS = {
    "incident": [*TASK_FIELDS, "incident_state", "caller_id", "resolved_at", "resolved_by", "reopen_count"],
    "sc_req_item": [*TASK_FIELDS, "request", "request.requested_for", "request.opened_by", "cat_item", "stage"],
    "sys_user": ["sys_id", "user_name", "name", "active", "time_zone", "sys_updated_on"],
    "sys_user_group": ["sys_id", "name", "active", "sys_updated_on"],
    "sc_request": ["sys_id", "number", "sys_updated_on"],
}
TICKET_TABLES = ("incident", "sc_req_item")


def sys_id(table: str, key: str) -> str:
    """The 32 hex digits of a record: the same for the same table and key on every machine and run."""
    return hashlib.md5(f"{table}:{key}".encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a query in its order, and how many there are in all."""

    rows: list[dict[str, str]]
    total: int


@dataclass
class Table:
    """Rows sorted by sys_id. Safe to read and change from several threads."""

    name: str
    rows: list[dict[str, str]] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._load({row["sys_id"]: row for row in self.rows}.values())

    def _load(self, rows: Iterable[dict[str, str]]) -> None:
        self.rows = sorted(rows, key=lambda row: row["sys_id"])
        self.fields = set(FIELDS.get(self.name, ())).union(*(row.keys() for row in self.rows[:2000]))
        self.by_id = {row["sys_id"]: row for row in self.rows}
        self._results: OrderedDict[object, tuple[list[dict[str, str]], list[str]]] = OrderedDict()

    def put(self, row: dict[str, str]) -> None:
        """Add or replace a row by its sys_id."""
        with self._lock:
            self._load({**self.by_id, row["sys_id"]: row}.values())

    def select(self, query: Query, offset: int, limit: int) -> Selection:
        """One page. Rows without an order come by sys_id; total counts every row that the whole query fits."""
        rows, keys = self._matching(query)
        start = bisect_right(keys, query.after) if query.after and keys else 0
        if query.after and not keys:  # sorted by something else: the keyset cannot be cut out by position
            rows = [row for row in rows if row["sys_id"] > query.after]
        return Selection(rows[start + offset : start + offset + limit], len(rows) - start)

    def _matching(self, query: Query) -> tuple[list[dict[str, str]], list[str]]:
        """All rows of the query without its keyset bound, and their sys_ids where they are in that order."""
        wanted = (query.alternatives, query.order)
        with self._lock:
            results = self._results
            if wanted in results:
                results.move_to_end(wanted)
                return results[wanted]
        rows = _ordered([row for row in self.rows if query.holds(row)], query.order)
        found = (rows, [row["sys_id"] for row in rows] if by_key(query.order) else [])
        with self._lock:
            results[wanted] = found
            while len(results) > KEPT_QUERIES:
                results.popitem(last=False)
        return found

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def by_key(order: tuple[Order, ...]) -> bool:
    return not order or order[0] == Order("sys_id")


def _ordered(rows: list[dict[str, str]], order: tuple[Order, ...]) -> list[dict[str, str]]:
    for part in reversed(order):
        if part != Order("sys_id") or len(order) > 1:
            rows = sorted(rows, key=lambda row, name=part.field: row.get(name, ""), reverse=part.descending)  # type: ignore[misc]
    return rows
