"""Reading a month from Request Tracker 5: a verified account, slices side by side, counts that must agree."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from portal.domain.errors import SourceError
from portal.domain.periods import Window
from portal.domain.sources import Page, SourceAccess
from portal.domain.tickets import Ticket
from portal.lib.http import Http, HttpError
from portal.sources.request_tracker import account, parse, queries
from portal.sources.request_tracker.api import KEPT, Rest
from portal.sources.request_tracker.settings import Settings, custom_name

log = logging.getLogger(__name__)

SLICE_SIZE = 400
"""tickets, about: a slice is read to its end before any of it is handed on"""
KEYS_AT_ONCE = 50
TRIES = 2
T = TypeVar("T")


def open_source(access: SourceAccess) -> RequestTrackerSource:
    """Credential: `token`. Settings: see Settings. Raises SourceError for an address or a setting that cannot be."""
    settings = Settings.from_json(access.settings)
    token = access.credential.get("token")
    try:
        http = Http(access.base_url, headers={"Authorization": f"token {token}"}, allow_loopback=access.allow_loopback)
    except HttpError as error:
        raise error.retold(SourceError, kept=KEPT) from error
    return RequestTrackerSource(access, settings, Rest(http), token)


class RequestTrackerSource:
    """A Source (portal.domain.sources)."""

    def __init__(self, access: SourceAccess, settings: Settings, rest: Rest, token: str) -> None:
        self._settings, self._rest, self._token = settings, rest, token
        self._pseudonym = access.pseudonym
        self._fields = parse.asked_fields(settings)
        self._closed_field = custom_name(settings.closed_field)

    def probe(self) -> None:
        """Ask who we are, in which zone, and whether each queue and custom field can be seen. Raises SourceError."""
        account.verified_queues(self._rest, self._settings, self._token)

    def total(self, window: Window) -> int:
        """How many closed tickets RT counts in the window, in all queues of the settings."""
        return self._rest.count(self._query(window))

    def read(self, window: Window) -> Iterator[Page]:
        """Every closed ticket of the window.

        RT is asked for the count before and after, and what came must be exactly that many, each of them once; else a
        SourceError that is not permanent, since a ticket that is reopened meanwhile does this.
        """
        total = self.total(window)
        keys: set[str] = set()
        for tickets in self._slices(window, total):
            new = {ticket.source_key for ticket in tickets}
            if keys & new:
                raise _unsteady(f"{len(keys & new)} tickets came twice")
            keys |= new
            yield from (Page(page, total) for page in _batches(tickets, self._settings.page_size))
        recount = self.total(window)
        if not len(keys) == total == recount:
            raise _unsteady(f"RT counted {total} tickets before and {recount} after, and {len(keys)} came")
        log.info("request_tracker: %d tickets read", total)

    def read_keys(self, keys: Sequence[str]) -> tuple[Ticket, ...]:
        """The tickets of these ids as they are now, in whatever state; deleted and merged ones are left out."""
        ids = sorted({int(key) for key in keys if key.isascii() and key.isdigit()})
        _ = self._queues
        return tuple(
            ticket for chunk in _batches(ids, KEYS_AT_ONCE) for ticket in self._tickets(queries.any_of(chunk))[0]
        )

    @cached_property
    def _queues(self) -> tuple[int, ...]:
        """Nothing is read before the account was verified, once for each opened source."""
        return account.verified_queues(self._rest, self._settings, self._token)

    def _query(self, window: Window) -> str:
        return f"{queries.tickets_of(self._queues)} AND {queries.closed_in(window, self._closed_field)}"

    def _tickets(self, ticket_sql: str) -> tuple[list[Ticket], int]:
        """All tickets of a query, and how many RT counted as the first page was asked for."""
        tickets: list[Ticket] = []
        counted = None
        for items, left in self._rest.pages(ticket_sql, self._fields, self._settings.page_size):
            counted = left if counted is None else counted
            tickets += [parse.ticket(item, self._settings, self._pseudonym) for item in items]
        return tickets, counted or 0

    def _slices(self, window: Window, total: int) -> Iterator[list[Ticket]]:
        """The window's slices in order, a few of them always under way. Nothing runs on when the reader stops."""
        parallel = self._settings.parallel
        count = max(parallel, math.ceil(total / SLICE_SIZE)) if total > self._settings.page_size else 1
        waiting = deque(window.slices(count))
        running: deque[Future[list[Ticket]]] = deque()
        pool = ThreadPoolExecutor(parallel, thread_name_prefix="request-tracker")
        try:
            while waiting or running:
                while waiting and len(running) < parallel + 1:
                    running.append(pool.submit(self._slice, waiting.popleft()))
                yield running.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _slice(self, window: Window) -> list[Ticket]:
        """All of a slice, as many as RT counts there. Raises SourceError."""
        for _ in range(TRIES):
            tickets, counted = self._tickets(self._query(window))
            if strange := [t for t in tickets if not parse.belongs(t, window)]:
                raise _outside(len(strange), len(tickets))
            if len(tickets) == counted:
                return tickets
        raise _unsteady(f"RT counted {counted} tickets from {window.start} to {window.end}, but {len(tickets)} came")


def _batches(values: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    return (tuple(values[i : i + size]) for i in range(0, len(values), size))


def _unsteady(what: str) -> SourceError:
    return SourceError(
        f"{what}.",
        where="Request Tracker",
        remedy="Tickets changed while they were read. It is tried again by itself; if it stays, ask who edits closed "
        "tickets in bulk.",
        kept=KEPT,
        permanent=False,
        code="source.incomplete",
    )


def _outside(strange: int, came: int) -> SourceError:
    return SourceError(
        f"{strange} of {came} tickets lie outside the window that was asked for.",
        where="Request Tracker",
        remedy="Check that the account's time zone is UTC and that no extension of RT rewrites queries.",
        kept=KEPT,
        code="source.outside",
    )
