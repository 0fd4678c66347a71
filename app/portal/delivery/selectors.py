"""Reads of the outbox, its attempts and what came back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q, QuerySet

from portal.delivery.models import POSTED, QUEUED, REJECTED, SENT, UNKNOWN, Acknowledgement, Delivery, DeliveryAttempt
from portal.documents.models import Document
from portal.documents.selectors import idocs_rendered
from portal.lib import clock, work
from portal.proformas.models import Proforma

_WITH = ("proforma", "proforma__contract", "endpoint", "endpoint__customer", "document")


def deliveries() -> QuerySet[Delivery]:
    """Newest first."""
    return Delivery.objects.select_related(*_WITH).order_by("-pk")


def delivery_get(pk: int) -> Delivery:
    """Raises Delivery.DoesNotExist."""
    return deliveries().get(pk=pk)


def delivery_of(proforma: Proforma) -> Delivery | None:
    return deliveries().filter(proforma=proforma).first()


def deliveries_due() -> QuerySet[Delivery]:
    return work.due(Delivery)


def deliveries_posted() -> QuerySet[Delivery]:
    """Proformas that became payables against what was asked for: somebody has to call the customer."""
    return deliveries().filter(outcome=POSTED)


def deliveries_unclear() -> QuerySet[Delivery]:
    """Of which nobody knows whether they arrived."""
    return deliveries().filter(phase=UNKNOWN)


def deliveries_troubled() -> QuerySet[Delivery]:
    """All of which somebody has to do something about: posted, rejected, unclear, or stopped before they were sent."""
    stopped = Q(phase=QUEUED, state=work.FAILED)
    return deliveries().filter(Q(outcome__in=(POSTED, REJECTED)) | Q(phase=UNKNOWN) | stopped)


def deliveries_unanswered(age: timedelta) -> QuerySet[Delivery]:
    """Sent longer ago than `age`, and SAP has not said what it did with them."""
    return deliveries().filter(phase=SENT, sent_at__lt=clock.now() - age)


def undelivered() -> QuerySet[Document]:
    """Rendered IDocs that are not in the outbox yet."""
    return idocs_rendered().exclude(proforma__in=Delivery.objects.values("proforma"))


def attempts_of(delivery: Delivery) -> QuerySet[DeliveryAttempt]:
    """In the order in which they were made."""
    return DeliveryAttempt.objects.filter(delivery=delivery).order_by("pk")


def attempt_last(delivery: Delivery, *what: str) -> DeliveryAttempt | None:
    """The latest attempt of these kinds, or of any kind."""
    rows = DeliveryAttempt.objects.filter(delivery=delivery)
    return (rows.filter(what__in=what) if what else rows).order_by("-pk").first()


def acknowledgements_of(delivery: Delivery) -> QuerySet[Acknowledgement]:
    return Acknowledgement.objects.filter(delivery=delivery).defer("raw").order_by("pk")


def acknowledgements_unmatched() -> QuerySet[Acknowledgement]:
    """What came back and fits no delivery, or could not be read; newest first."""
    return Acknowledgement.objects.filter(delivery=None).defer("raw").order_by("-pk")


def acknowledgement_by_sha256(sha256: str) -> Acknowledgement | None:
    """The first report of a message that came before."""
    return Acknowledgement.objects.filter(sha256=sha256).order_by("position").first()


def deliveries_numbered(numbers: Collection[str]) -> QuerySet[Delivery]:
    """Deliveries of these proforma numbers, locked in one order, so that two messages cannot wait for each other."""
    rows = Delivery.objects.filter(proforma__number__in=numbers).select_related("proforma", "endpoint")
    return rows.select_for_update(of=("self",)).order_by("pk")


def deliveries_stopped() -> QuerySet[Delivery]:
    """Which go on only when a person acts: rejected by the receiver, or not sent for a reason that stays."""
    return deliveries().filter(Q(outcome=REJECTED) | Q(state=work.FAILED))
