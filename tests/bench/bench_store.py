"""Storing 100,000 snapshots: COPY and INSERT ... SELECT against Django's bulk_create, fresh rows and known ones.

Both sides write the same snapshots and the same membership rows; the digests are taken beforehand for both. Needs
PostgreSQL: ./scripts/bench starts one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
ROWS, PAGE = 100_000, 1_000
WINDOW = datetime(2026, 3, 1, tzinfo=UTC)


def figures() -> list[dict[str, Any]]:
    """Seconds of wall time for 100,000 rows."""
    os.environ["PROFORMA_AS_OWNER"] = "1"  # before the settings are read: the guards are lifted for bulk_create
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return _measure()
    finally:
        teardown_databases(databases, verbosity=0)


def _measure() -> list[dict[str, Any]]:
    tickets = [_ticket(n) for n in range(ROWS)]
    _with_bulk_create(_collection("warm"), tickets[:PAGE])
    _with_copy(_collection("warm too"), tickets[:PAGE])
    ours, theirs = _collection("ours"), _collection("theirs")
    fresh = _seconds(_with_copy, ours, tickets), _seconds(_with_bulk_create, theirs, tickets)
    ours, theirs = _again(ours), _again(theirs)
    known = _seconds(_with_copy, ours, tickets), _seconds(_with_bulk_upsert, theirs, tickets)
    return [_figure("store fresh rows", *fresh, target=3.0), _figure("store known rows", *known, target=1.7)]


def _figure(name: str, ours: float, baseline: float, target: float) -> dict[str, Any]:
    ratio = baseline / ours
    return {
        "name": f"{name}, {ROWS:,}: COPY vs bulk_create",
        "ours": round(ours, 3),
        "baseline": round(baseline, 3),
        "ratio": round(ratio, 2),
        "target": target,
        "met": ratio >= target,
        "unit": "s",
    }


def _seconds(store: Callable[..., None], collection: Any, tickets: list[Any]) -> float:
    begin = time.perf_counter()
    for start in range(0, len(tickets), PAGE):
        store(collection, tickets[start : start + PAGE])
    return time.perf_counter() - begin


def _ticket(n: int) -> Any:
    from portal.domain.tickets import Ticket

    at = WINDOW + timedelta(seconds=25 * n)
    return Ticket(
        f"{n:032x}",
        f"INC{n:07d}",
        "incident",
        str(1 + n % 4),
        "7",
        at,
        at + timedelta(hours=3),
        at + timedelta(days=5),
        at + timedelta(days=5),
        f"Mail client {n} does not start after the update of the München office",
        f"{n * 7919:032x}",
        "Service Desk",
    )


def _with_copy(collection: Any, tickets: list[Any]) -> None:
    from portal.tickets.storing import snapshots_store

    snapshots_store(source_id=collection.source_id, collection_id=collection.pk, tickets=tickets, read_at=WINDOW)


def _snapshots(collection: Any, tickets: list[Any]) -> list[Any]:
    from portal.tickets.models import Snapshot

    return [
        Snapshot(
            source_id=collection.source_id,
            source_key=t.source_key,
            sha256=t.sha256(),
            read_at=WINDOW,
            number=t.number,
            kind=t.kind,
            priority=t.priority,
            ticket_state=t.state,
            opened_at=t.opened_at,
            resolved_at=t.resolved_at,
            closed_at=t.closed_at,
            updated_at=t.updated_at,
            summary=t.summary,
            caller=t.caller,
            assignment_group=t.group,
            problems=list(t.problems),
        )
        for t in tickets
    ]


def _with_bulk_create(collection: Any, tickets: list[Any]) -> None:
    from django.db import transaction

    from portal.tickets.models import CollectedTicket, Snapshot

    with transaction.atomic():
        rows = Snapshot.objects.bulk_create(_snapshots(collection, tickets))
        CollectedTicket.objects.bulk_create(CollectedTicket(collection=collection, snapshot=row) for row in rows)


def _with_bulk_upsert(collection: Any, tickets: list[Any]) -> None:
    """Its own way for rows that may be there: an upsert that hands the keys back. It rewrites what is unchanged."""
    from django.db import connection, transaction

    from portal.tickets.models import CollectedTicket, Snapshot

    with transaction.atomic():
        with connection.cursor() as cursor:  # bulk_create rewrites rows; the guard of immutable rows would refuse
            cursor.execute("ALTER TABLE tickets_snapshot DISABLE TRIGGER USER")
        rows = Snapshot.objects.bulk_create(
            _snapshots(collection, tickets),
            update_conflicts=True,
            unique_fields=["source", "source_key", "sha256"],
            update_fields=["number"],
        )
        CollectedTicket.objects.bulk_create(CollectedTicket(collection=collection, snapshot=row) for row in rows)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tickets_snapshot ENABLE TRIGGER USER")


def _collection(code: str) -> Any:
    from portal.audit.services import acting
    from portal.contracts.models import Contract, Customer, SapEndpoint, Supplier, TicketSource
    from portal.tickets.models import Collection

    slug = code.replace(" ", "-")
    with acting("bench"):
        supplier = Supplier.objects.create(name="MSP", country="DE")
        customer = Customer.objects.create(name=code, code=slug, country="DE")
        source = TicketSource.objects.create(customer=customer, name=code, system="servicenow", base_url="x")
        endpoint = SapEndpoint.objects.create(customer=customer, name=code, url="x")
        contract = Contract.objects.create(
            supplier=supplier,
            customer=customer,
            source=source,
            endpoint=endpoint,
            number=slug,
            title=code,
            vat_rate=19,
            valid_from=date(2026, 1, 1),
        )
        return Collection.objects.create(
            contract=contract, source=source, period_start=WINDOW, window_start=WINDOW, window_end=WINDOW
        )


def _again(collection: Any) -> Any:
    """A second reading of the same contract and source."""
    from portal.tickets.models import Collection

    return Collection.objects.create(
        contract=collection.contract,
        source=collection.source,
        period_start=WINDOW,
        window_start=WINDOW,
        window_end=WINDOW,
    )


if __name__ == "__main__":
    import json
    import sys

    json.dump(figures(), sys.stdout, indent=1)
