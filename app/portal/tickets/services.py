"""Collect a contract's month: everything the source counted, or an end that says what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Count

from portal.audit.services import acting
from portal.contracts.models import Contract
from portal.contracts.selectors import zone_of
from portal.domain.errors import SourceError
from portal.domain.periods import Period, Window
from portal.domain.sources import Source
from portal.lib import clock, memory, work
from portal.tickets.models import CollectedTicket, Collection
from portal.tickets.selectors import snapshot_latest, source_open
from portal.tickets.storing import snapshots_store


def collection_create(*, contract: Contract, period: Period, carried_keys: Sequence[str], actor: str) -> Collection:
    """The order to read a month; a worker does it."""
    window = period.window(zone_of(contract))
    with acting(actor):
        return Collection.objects.create(
            contract=contract,
            source=contract.source,
            period_start=period.first_day,
            window_start=window.start,
            window_end=window.end,
            carried_keys=list(carried_keys),
        )


def collection_run(pk: int) -> bool:
    """Read the month under a lease. False when there was nothing to claim; a failure stands in `problem`."""
    return work.run(Collection, pk, _collect)


def _collect(unit: Collection) -> None:
    memory.reset_peak()
    work.update(unit, step="asking the source who we are", progress_done=0, progress_total=None)
    source = source_open(unit.source)
    source.probe()
    # An earlier attempt may have read rows that have changed since: this one starts from nothing. Snapshots stay.
    CollectedTicket.objects.filter(collection=unit).delete()
    _read_window(unit, source)
    total = _check_complete(unit, source)
    _read_carried(unit, source)
    with transaction.atomic():
        work.finish(unit, source_total=total, read_at=clock.now(), peak_mb=memory.peak_mb(), step="complete")


def _read_window(unit: Collection, source: Source) -> None:
    work.update(unit, step="reading tickets")
    done = 0
    for page in source.read(Window(unit.window_start, unit.window_end)):
        with transaction.atomic():
            # The unit's row is locked first, so that a worker whose lease ran out cannot add to the collection.
            done += len(page.tickets)
            work.update(unit, progress_done=done, progress_total=page.total)
            snapshots_store(source_id=unit.source_id, collection_id=unit.pk, tickets=page.tickets, read_at=clock.now())


def _check_complete(unit: Collection, source: Source) -> int:
    """The source's own count against what is stored. Raises SourceError with both numbers."""
    work.update(unit, step="checking the count against the source")
    total = source.total(Window(unit.window_start, unit.window_end))
    stored = CollectedTicket.objects.filter(collection=unit, carried_in=False).aggregate(
        rows=Count("snapshot"), keys=Count("snapshot__source_key", distinct=True)
    )
    if stored["rows"] != total or stored["keys"] != total:
        raise SourceError(
            f"The source counts {total} tickets, but {stored['keys']} were read"
            + (f" ({stored['rows'] - stored['keys']} of them changed meanwhile)." if stored["rows"] > total else "."),
            where=f"source {unit.source.name}, {unit.period_start:%Y-%m}",
            kept="What was read is kept, but an incomplete month is not billed.",
            remedy="It is read again by itself. If it stays, check what the account may see.",
            code="source.incomplete",
            permanent=False,
        )
    return total


def _read_carried(unit: Collection, source: Source) -> None:
    """Tickets that an earlier month set aside, as they are now; one that is gone counts as it was last read."""
    inside = CollectedTicket.objects.filter(collection=unit, snapshot__source_key__in=unit.carried_keys)
    missing = sorted(set(unit.carried_keys) - set(inside.values_list("snapshot__source_key", flat=True)))
    if not missing:
        return
    work.update(unit, step="reading tickets carried over")
    tickets = {ticket.source_key: ticket for ticket in source.read_keys(missing)}
    for key in set(missing) - set(tickets):
        if last := snapshot_latest(unit.source, key):
            tickets[key] = last.ticket()
    snapshots_store(
        source_id=unit.source_id,
        collection_id=unit.pk,
        tickets=tickets.values(),
        read_at=clock.now(),
        carried_in=True,
    )
