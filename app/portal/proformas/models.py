"""Proformas: lines, the box of every ticket, decisions, and who edited."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from portal.contracts.models import Contract, FixedLine, Rate
from portal.domain.composing import Origin
from portal.domain.periods import Period
from portal.domain.rating import EXCLUSION_REASONS, Box
from portal.domain.states import State
from portal.lib import clock
from portal.lib.work import WorkUnit
from portal.tickets.models import Collection, Snapshot

BLOCKED = "blocked"
STATES = [(s.value, s.value.replace("_", " ")) for s in State]


class MonthRun(WorkUnit):
    """A contract's month on its way to a draft: collect, rate, compose. States: queued, running, blocked, done, failed.

    `findings` is the list of what blocks (portal.domain.errors.Problem as objects).
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    period_start = models.DateField()
    collection = models.ForeignKey(Collection, models.PROTECT, related_name="+")
    findings = models.JSONField(default=list, blank=True)
    requested_by = models.CharField(max_length=150)
    requested_at = models.DateTimeField(default=clock.now)
    rated_at = models.DateTimeField(null=True, blank=True)
    """when every ticket had its box, before lines and totals are written"""

    class Meta:
        ordering = ["-period_start", "-id"]
        constraints = [models.UniqueConstraint(fields=["contract", "period_start"], name="one_run_a_month")]

    def __str__(self) -> str:
        return f"{self.contract.number} {self.period}"

    @property
    def period(self) -> Period:
        return Period.of(self.period_start)


class Decision(models.Model):
    """What a named person decided about one ticket of one month. The latest one counts; none is ever removed."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    period_start = models.DateField()
    source_key = models.CharField(max_length=64)
    number = models.CharField(max_length=64)
    box = models.CharField(max_length=16, choices=[(b.value, b.value) for b in Box if b is not Box.BILLED], blank=True)
    """empty: an earlier decision is taken back"""
    reason = models.TextField()
    decided_by = models.CharField(max_length=150)
    decided_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.number}: {self.box or 'taken back'}"


class NumberCounter(models.Model):
    """The last number of a series and year; the row is locked while a proforma is issued, so there are no gaps."""

    series = models.CharField(max_length=4)
    year = models.PositiveIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="one_counter_a_year")]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}: {self.last}"


class Proforma(models.Model):
    """A proforma of a contract and month. After `issued` the database refuses every change (migrations/0002)."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    collection = models.ForeignKey(Collection, models.PROTECT, related_name="+")
    period_start = models.DateField()
    revision = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=16, choices=STATES, default="draft")
    number = models.CharField(max_length=16, null=True, blank=True, unique=True)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    tax = models.DecimalField(max_digits=14, decimal_places=2)
    gross = models.DecimalField(max_digits=14, decimal_places=2)
    source_total = models.PositiveIntegerField()
    carried_in = models.PositiveIntegerField(default=0)
    prepared_by = models.CharField(max_length=150)
    prepared_at = models.DateTimeField(default=clock.now)
    submitted_by = models.CharField(max_length=150, blank=True)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.CharField(max_length=150, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    """why it was sent back, last time"""
    header = models.JSONField(null=True, blank=True)
    """what is printed besides lines and tickets, as it stood when it was approved"""
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-period_start", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "period_start", "revision"], name="one_proforma_a_revision"),
            models.CheckConstraint(
                condition=models.Q(gross=models.F("net") + models.F("tax")), name="proforma_gross_is_net_and_tax"
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.contract.number} {self.period} ({self.state})"

    @property
    def period(self) -> Period:
        return Period.of(self.period_start)

    @property
    def state_label(self) -> str:
        return self.state.replace("_", " ")


class Line(models.Model):
    """`net` as it stands; `rated_net` as rating gave it. Their difference on a ticket line is what people edited."""

    proforma = models.ForeignKey(Proforma, models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    origin = models.CharField(max_length=8, choices=[(o.value, o.value) for o in Origin])
    fixed_line = models.ForeignKey(FixedLine, models.PROTECT, related_name="+", null=True, blank=True)
    rate = models.ForeignKey(Rate, models.PROTECT, related_name="+", null=True, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    priority = models.CharField(max_length=1, blank=True)
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit = models.CharField(max_length=12)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    rated_net = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal("0.00"))
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.position} {self.description}"

    @property
    def edited(self) -> Decimal:
        return self.net - self.rated_net


class BoxedTicket(models.Model):
    """The one box of one ticket on one proforma. `amount` is what rating gave, for billed tickets."""

    proforma = models.ForeignKey(Proforma, models.CASCADE, related_name="+")
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, related_name="+")
    carried_in = models.BooleanField(default=False)
    box = models.CharField(max_length=16, choices=[(b.value, b.value) for b in Box])
    priority = models.CharField(max_length=1, blank=True)
    """as mapped when it was rated, for billed tickets"""
    reason = models.CharField(max_length=30, blank=True)
    """a key of EXCLUSION_REASONS; empty for billed tickets"""
    detail = models.CharField(max_length=300, blank=True)
    """in words, for example what the person wrote"""
    decided_by = models.CharField(max_length=150, blank=True)
    line = models.ForeignKey(Line, models.PROTECT, related_name="+", null=True, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal("0.00"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proforma", "snapshot"], name="one_box_a_ticket"),
            models.CheckConstraint(
                condition=models.Q(box="billed", line__isnull=False) | (~models.Q(box="billed") & models.Q(line=None)),
                name="billed_means_on_a_line",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.snapshot_id}: {self.box}"

    @property
    def reason_label(self) -> str:
        return EXCLUSION_REASONS.get(self.reason, self.reason)


class Edit(models.Model):
    """Who changed a proforma's lines or boxes, written by the database; approval looks here (migrations/0002)."""

    proforma = models.ForeignKey(Proforma, models.CASCADE, related_name="+")
    editor = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.proforma_id}: {self.editor}"
