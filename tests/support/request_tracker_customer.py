"""A live Request Tracker as a customer gives it to us, and words for what is read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.periods import Period, Window
from portal.domain.sources import Credential, SourceAccess
from portal.domain.tickets import Ticket
from portal.sources.request_tracker.client import RequestTrackerSource, open_source
from tests.support.request_tracker import RequestTracker, SeedTicket
from tests.support.request_tracker_tickets import CLOSED_ON, INCIDENTS, PRIORITY_CLASS, SERVICE_REQUESTS


@dataclass
class Customer:
    """One live RT as a customer gives it to us."""

    tracker: RequestTracker

    def source(
        self,
        account: str = "reader",
        *,
        token: str = "",
        url: str = "",
        pseudonym: Callable[[str], str] = lambda person: f"#{len(person)}" if person else "",
        **settings: Any,
    ) -> RequestTrackerSource:
        base: Mapping[str, Any] = {
            "queues": [INCIDENTS, SERVICE_REQUESTS],
            "priority_field": f"CF.{PRIORITY_CLASS}",
            "closed_field": f"CF.{{{CLOSED_ON}}}",
        }
        credential = Credential({"token": token or self.tracker.token_of(account)})
        address = url or self.tracker.url
        return open_source(SourceAccess(address, credential, {**base, **settings}, pseudonym, allow_loopback=True))

    def seed(self, *rows: SeedTicket) -> list[str]:
        return self.tracker.seed(rows)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def month(text: str, zone: ZoneInfo | None = None) -> Window:
    return Period.parse(text).window(zone or ZoneInfo("UTC"))


def read(source: RequestTrackerSource, window: Window) -> dict[str, Ticket]:
    tickets = [ticket for page in source.read(window) for ticket in page.tickets]
    keyed = {ticket.source_key: ticket for ticket in tickets}
    assert len(keyed) == len(tickets), "a ticket came twice"
    return keyed
