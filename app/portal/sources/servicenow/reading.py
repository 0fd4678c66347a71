"""Reading one window: slices side by side, each by keyset, and the proof that what came is what was counted.

Pages by offset lose and repeat rows when data changes while it is read; pages by keyset (`sys_id` greater than the last
one) do not. Since the keyset is part of the query, the count that comes with a page is that of the rows still to come.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from portal.domain.errors import SourceError
from portal.domain.sources import Page
from portal.domain.tickets import Ticket
from portal.sources.servicenow.api import TableApi
from portal.sources.servicenow.parse import RowParser
from portal.sources.servicenow.queries import Selection, slice_count
from portal.sources.servicenow.settings import Settings

log = logging.getLogger(__name__)

CHANGED = (
    "The records changed while they were read, or the source miscounts or misses pages. It is tried again by itself."
)
Step = tuple[list[Ticket], list[str]]
"""tickets of a page and their keys"""


@dataclass(slots=True)
class Tally:
    """The numbers of one selection: what the source counted, and what came."""

    selection: Selection
    before: int
    after: int = 0
    sliced: int = 0
    """sum of the counts of the slices"""
    came: int = 0


@dataclass(slots=True)
class Cursor:
    """How far one slice has been read. Only one thread at a time has it."""

    selection: Selection
    tally: Tally
    counted: int | None = None
    last: str = ""
    """sys_id of the last row that came"""
    offset: int = 0
    """rows after `last` that were asked for and stayed hidden"""
    came: int = 0
    done: bool = False

    def advance(self, keys: Sequence[str], count: int, limit: int) -> None:
        """After a page. A short or empty page is no end while the source counts more: an ACL may hide rows of it.

        Raises SourceError when more came than was counted, so that a source without end is left.
        """
        if self.counted is None:
            self.counted = count
        self.came += len(keys)
        if self.came > self.counted:
            raise SourceError(
                f"There are more rows than the {self.counted} that were counted.",
                where=str(self.selection),
                remedy=CHANGED,
                permanent=False,
            )
        if keys:
            self.done = self.offset + len(keys) >= count
            self.last, self.offset = keys[-1], 0
        else:
            self.offset += limit
            self.done = self.offset >= min(count, self.counted)


@dataclass
class Reading:
    """One reading of a window. `pages()` may be called once. `parsers`: table -> parser of its rows."""

    api: TableApi
    settings: Settings
    parsers: dict[str, RowParser]
    selections: tuple[Selection, ...]
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tallies: list[Tally] = field(default_factory=list)

    def pages(self) -> Iterator[Page]:
        """Raises SourceError, at the latest at the end."""
        pool = ThreadPoolExecutor(self.settings.parallel, thread_name_prefix="servicenow")
        try:
            self.tallies = [Tally(s, n) for s, n in zip(self.selections, self._counts(pool), strict=True)]
            yield from self._read(pool)
            for tally, count in zip(self.tallies, self._counts(pool), strict=True):
                tally.after = count
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        prove(self.tallies)

    def _counts(self, pool: ThreadPoolExecutor) -> list[int]:
        return list(pool.map(lambda s: self.api.count(s.table.name, s.query()), self.selections))

    def _cursors(self) -> Iterator[Cursor]:
        for tally in self.tallies:
            if tally.before:
                for part in tally.selection.slices(slice_count(tally.before, self.settings)):
                    yield Cursor(part, tally)

    def _read(self, pool: ThreadPoolExecutor) -> Iterator[Page]:
        """Never more requests under way than `parallel`, so that a slow reader of the pages slows the requests down."""
        waiting = deque(self._cursors())
        running: dict[Future[Step], Cursor] = {}
        total = sum(tally.before for tally in self.tallies)
        while waiting or running:
            while waiting and len(running) < self.settings.parallel:
                cursor = waiting.popleft()
                running[pool.submit(self._step, cursor)] = cursor
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                cursor = running.pop(future)
                tickets, keys = future.result()
                if cursor.done:
                    cursor.tally.sliced += cursor.counted or 0
                else:  # asked for before the page is handed on, so that the source is never idle
                    running[pool.submit(self._step, cursor)] = cursor
                self._account(cursor, keys)
                yield Page(tuple(tickets), total)

    def _step(self, cursor: Cursor) -> Step:
        """The next page of a slice; runs in a thread of the pool."""
        selection, limit = cursor.selection, self.settings.page_size
        fields = [name for name in dict.fromkeys(selection.table.fields.values()) if name]
        rows, count = self.api.rows(
            selection.table.name, selection.query(cursor.last), fields, limit, offset=cursor.offset
        )
        tickets = self.parsers[selection.table.name](rows)
        keys = [ticket.source_key for ticket in tickets]
        _refuse_strangers(selection, tickets, keys)
        cursor.advance(keys, count, limit)
        return tickets, keys

    def _account(self, cursor: Cursor, keys: Sequence[str]) -> None:
        seen = self.seen[cursor.selection.table.name]
        expected = len(seen) + len(keys)
        seen.update(keys)
        if repeated := expected - len(seen):
            raise SourceError(
                f"{repeated} of {len(keys)} rows of a page had come before.",
                where=str(cursor.selection),
                remedy=CHANGED,
                permanent=False,
            )
        cursor.tally.came += len(keys)


def _refuse_strangers(selection: Selection, tickets: Sequence[Ticket], keys: Sequence[str]) -> None:
    if not all(keys):
        raise SourceError(
            "Rows came without their sys_id.",
            where=str(selection),
            remedy="Give the account the right to read this field.",
        )
    if strangers := selection.strangers(tickets):
        window = selection.window
        raise SourceError(
            f"{strangers} of {len(tickets)} rows do not fit what was asked for "
            f"({window.start:%Y-%m-%d %H:%M:%S} to {window.end:%Y-%m-%d %H:%M:%S} UTC): the source ignored the query.",
            where=str(selection),
            remedy="ServiceNow ignores conditions on fields that it does not have: check `tables` and `fields`.",
        )


def prove(tallies: Sequence[Tally]) -> None:
    """Raises SourceError with the numbers unless for every selection all counts and what came are one number."""
    for tally in tallies:
        log.info("%s: counted %d, came %d", tally.selection, tally.before, tally.came)
    wrong = [t for t in tallies if not t.before == t.after == t.sliced == t.came]
    if not wrong:
        return
    hidden = all(t.before == t.after == t.sliced > t.came for t in wrong)
    raise SourceError(
        "What came is not what the source counted: " + "; ".join(_numbers(t) for t in wrong) + ".",
        where="ServiceNow",
        remedy=(
            "Rows are hidden from the account: have it read every ticket (access rules, domains, query rules)."
            if hidden
            else CHANGED
        ),
        permanent=hidden,
    )


def _numbers(tally: Tally) -> str:
    return (
        f"{tally.selection}: {tally.before} counted before, {tally.sliced} in slices, {tally.after} after, "
        f"{tally.came} came"
    )
