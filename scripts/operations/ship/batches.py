"""Cut entries into what one PutLogEvents may carry. Pure. The limits are CloudWatch's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scripts.operations.ship.journal import Entry

MOST_EVENTS, MOST_BYTES, OVERHEAD = 10_000, 1_000_000, 26
LONGEST_SPAN = 23 * 3600 * 1000
OLDEST, NEWEST = 13 * 24 * 3600 * 1000, 110 * 60 * 1000
"""milliseconds that an event may lie back, or ahead: CloudWatch refuses 14 days and 2 hours"""


def sendable(entries: Iterable[Entry], now: int) -> list[Entry]:
    """Without those that CloudWatch would refuse for their time."""
    return [one for one in entries if now - OLDEST < one.at < now + NEWEST]


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """In the journal's order, so that the last cursor of an accepted batch covers all before it."""
    batch: list[Entry] = []
    size = first = last = 0
    for one in entries:
        cost = len(one.text.encode()) + OVERHEAD
        first, last = min(first, one.at) if batch else one.at, max(last, one.at) if batch else one.at
        if batch and (len(batch) >= MOST_EVENTS or size + cost > MOST_BYTES or last - first > LONGEST_SPAN):
            yield batch
            batch, size, first, last = [], 0, one.at, one.at
        batch.append(one)
        size += cost
    if batch:
        yield batch
