"""Collections and the immutable snapshots of what a customer's platform said, and when."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.contracts.models import Contract, TicketSource
from portal.domain.tickets import Ticket
from portal.lib import clock
from portal.lib.work import WorkUnit

TICKET_FIELDS = (
    "source_key",
    "number",
    "kind",
    "priority",
    "state",
    "opened_at",
    "resolved_at",
    "closed_at",
    "updated_at",
    "summary",
    "caller",
    "group",
    "problems",
)


class Snapshot(models.Model):
    """One ticket as its source stated it; a new row only when the content is new. `caller` is a keyed pseudonym."""

    source = models.ForeignKey(TicketSource, models.PROTECT, related_name="+", db_index=False)
    source_key = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField(default=clock.now)
    """when this content was first read"""
    number = models.CharField(max_length=64)
    kind = models.CharField(max_length=64)
    priority = models.CharField(max_length=64, blank=True)
    ticket_state = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    summary = models.TextField(blank=True)
    caller = models.CharField(max_length=64, blank=True)
    assignment_group = models.CharField(max_length=200, blank=True)
    problems = ArrayField(models.TextField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_key", "sha256"], name="snapshot_once_a_content"),
        ]

    def __str__(self) -> str:
        return self.number

    def ticket(self) -> Ticket:
        return Ticket(
            self.source_key,
            self.number,
            self.kind,
            self.priority,
            self.ticket_state,
            self.opened_at,
            self.resolved_at,
            self.closed_at,
            self.updated_at,
            self.summary,
            self.caller,
            self.assignment_group,
            tuple(self.problems),
        )


class Collection(WorkUnit):
    """One reading of a contract's month. `done` means complete: what came is what the source counted.

    A reading that ends in any other way says why in `problem` and cannot be billed.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    source = models.ForeignKey(TicketSource, models.PROTECT, related_name="+")
    period_start = models.DateField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    carried_keys = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    """tickets that an earlier month carried over; read again by key"""
    source_total = models.PositiveIntegerField(null=True)
    """what the source said that the window holds"""
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"], name="collection_due")]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.period_start:%Y-%m}"


class CollectedTicket(models.Model):
    """A snapshot that belongs to a collection."""

    pk = models.CompositePrimaryKey("collection_id", "snapshot_id")
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="+", db_index=False)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, related_name="+", db_index=False)
    carried_in = models.BooleanField(default=False)
    """outside the window; here because an earlier month carried it over"""

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.snapshot_id}"
