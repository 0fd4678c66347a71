"""Reads of collections and snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from portal import adapters
from portal.contracts.models import TicketSource
from portal.domain.errors import SourceError
from portal.domain.sources import Source, SourceAccess
from portal.domain.tickets import Ticket
from portal.lib.credentials import credential_read
from portal.lib.hashing import pseudonym_function
from portal.lib.production import unfit
from portal.lib.work import due
from portal.tickets.models import CollectedTicket, Collection, Snapshot


@dataclass(frozen=True, slots=True)
class Collected:
    snapshot_id: int
    ticket: Ticket
    carried_in: bool


def source_open(source: TicketSource) -> Source:
    """The platform behind a source row, with its credential. Raises SourceError or CredentialError."""
    if not settings.TEST_MODE and (reason := unfit(source.base_url)):
        raise SourceError(
            f"The address of this source {reason}, which only a rehearsal may use.",
            where=f"source {source.name} of {source.customer.name}",
            kept="Nothing was read.",
            remedy="Enter the customer's own address.",
            code="source.rehearsal",
        )
    access = SourceAccess(
        base_url=source.base_url,
        credential=credential_read(source.credential_ref, settings.CREDENTIALS_DIR),
        settings=source.settings,
        pseudonym=pseudonym_function(settings.PSEUDONYM_KEY.encode(), source.customer.code),
        allow_loopback=settings.TEST_MODE,
    )
    opened: Source = adapters.load(adapters.SOURCES[source.system])(access)
    return opened


def members_of(collection: Collection) -> QuerySet[CollectedTicket]:
    return CollectedTicket.objects.filter(collection=collection).select_related("snapshot")


def snapshot_ids(collection: Collection) -> QuerySet[CollectedTicket, Any]:
    """For the inside of another query."""
    return CollectedTicket.objects.filter(collection=collection).values("snapshot")


def collected(collection: Collection) -> Iterator[Collected]:
    """Every ticket of a collection, by source key, streamed."""
    rows = members_of(collection).order_by("snapshot__source_key", "snapshot_id")
    for row in rows.iterator(chunk_size=2000):
        yield Collected(row.snapshot_id, row.snapshot.ticket(), row.carried_in)


def snapshot_latest(source: TicketSource, key: str) -> Snapshot | None:
    """What was last read of a ticket."""
    return Snapshot.objects.filter(source=source, source_key=key).order_by("-read_at", "-pk").first()


def collections_due() -> QuerySet[Collection]:
    return due(Collection)
