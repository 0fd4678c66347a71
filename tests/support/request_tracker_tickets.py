"""Tickets for the tests' Request Tracker, and how RT wants them said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

INCIDENTS, SERVICE_REQUESTS, INTERNAL = "Incidents", "Service Requests", "Internal"
BRAND_NEW = "Brand new"
"""the reader sees it, and it has no ticket"""
PRIORITY_CLASS, EXTERNAL_NUMBER, CLOSED_ON = "Priority class", "External number", "Closed on"
BULK = 25
"""tickets in one request"""
UNSET = "1970-01-01 00:00:00"
"""how RT stores "no date" """
_CREATABLE = frozenset({"new", "open", "stalled", "resolved"})


@dataclass(frozen=True, slots=True)
class SeedTicket:
    """A ticket as it shall stand in RT. Instants are aware; None leaves `created` and `updated` at now.

    `resolved` is RT's Resolved whatever the status is (a reopened ticket keeps it); None leaves it unset, as
    imports do.
    """

    subject: str
    queue: str = INCIDENTS
    status: str = "resolved"
    resolved: datetime | None = None
    created: datetime | None = None
    updated: datetime | None = None
    priority: int = 0
    """RT's own, 0 to 100"""
    requestors: tuple[str, ...] = ()
    """mail addresses"""
    fields: Mapping[str, str] = field(default_factory=dict)
    """custom fields; dates in UTC"""


def first_status(row: SeedTicket) -> str:
    """The status in which a ticket is created: RT lets none begin as rejected or deleted."""
    if row.status in _CREATABLE and not (row.resolved and row.status != "resolved"):
        return row.status
    return "resolved" if row.resolved else "open"


def body(row: SeedTicket) -> dict[str, Any]:
    return {
        "Queue": row.queue,
        "Subject": row.subject,
        "Status": first_status(row),
        "Resolved": stored(row.resolved) or UNSET,
        "Priority": row.priority,
        "Requestor": list(row.requestors),
        "CustomFields": dict(row.fields),
    }


def stored(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if instant else None


def parts(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[i : i + BULK] for i in range(0, len(rows), BULK))
