"""The outbox: what is sent to a customer's SAP, how each attempt ended, and what SAP answered."""

from __future__ import annotations

from django.db import models

from portal.contracts.models import SapEndpoint
from portal.documents.models import Document
from portal.lib import clock
from portal.lib.work import WorkUnit
from portal.proformas.models import Proforma

QUEUED, SENDING, SENT, UNKNOWN, ACKNOWLEDGED = "queued", "sending", "sent", "unknown", "acknowledged"
PARKED, POSTED, REJECTED = "parked", "posted", "rejected"


class Delivery(WorkUnit):
    """One document on its way. `phase` says where it is, `state` what the worker does about it:

    | phase        | state           | meaning                                                                     |
    |--------------|-----------------|-----------------------------------------------------------------------------|
    | queued       | queued          | is sent when it is due                                                      |
    | queued       | failed          | certainly not sent; a person has to change something (`problem`)            |
    | sending      | running         | bytes may be leaving; found without a live worker it is as good as unknown  |
    | unknown      | queued          | may have arrived; the receiver is asked again when it is due                |
    | unknown      | failed          | may have arrived, and the receiver cannot be asked: waits for its           |
    |              |                 | acknowledgement or for a person, never sent again by itself                 |
    | sent         | done            | the receiver has it; its acknowledgement is awaited                         |
    | acknowledged | done            | `outcome`: parked (as asked), posted (warns: a payable), rejected           |
    """

    proforma = models.OneToOneField(Proforma, models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(SapEndpoint, models.PROTECT, related_name="+")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    phase = models.CharField(max_length=14, default=QUEUED)
    outcome = models.CharField(max_length=10, blank=True)
    outcome_text = models.TextField(blank=True)
    outcome_status = models.CharField(max_length=4, blank=True)
    sends = models.PositiveIntegerField(default=0)
    """how often bytes may have left"""
    sent_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.document.name}: {self.phase}"


class DeliveryAttempt(models.Model):
    """One send, one look-up after an ambiguous end, or a person's word. Append-only; `sends` counts those of `send`."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="+")
    what = models.CharField(max_length=10)
    """send, look_up, retry or settle"""
    at = models.DateTimeField(default=clock.now)
    outcome = models.CharField(max_length=12)
    status = models.CharField(max_length=12, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.what}: {self.outcome}"


class Acknowledgement(models.Model):
    """What came back, byte for byte, kept even when it fits no delivery. Append-only.

    A message may speak of several documents: then it has several rows, and only the first (position 0) holds `raw`.
    """

    sha256 = models.CharField(max_length=64)
    position = models.PositiveIntegerField(default=0)
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    number = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=4, blank=True)
    outcome = models.CharField(max_length=10, blank=True)
    text = models.TextField(blank=True)
    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="+", null=True, blank=True)
    problem = models.TextField(blank=True)
    """why it fits no delivery, changed nothing, or could not be read"""

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["sha256", "position"], name="one_report_a_place")]

    def __str__(self) -> str:
        return f"{self.number or '?'}: {self.outcome or self.status or 'unreadable'}"
