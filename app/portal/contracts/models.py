"""Customers and contracts: what is priced, from when to when, and which systems stand behind it."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from portal.domain.tickets import ANY_PRIORITY, PRIORITIES, Kind

CODE = RegexValidator(r"^[a-z0-9][a-z0-9-]{0,30}$", "Lower-case letters, digits and hyphens.")
REFERENCE = RegexValidator(r"^[a-z0-9-]+(/[a-z0-9-]+)+$", "A path such as customers/acme/source.")
KINDS = [(Kind.INCIDENT, "Incident"), (Kind.SERVICE_REQUEST, "Service request")]
PRIORITY_CHOICES = [(p, p) for p in PRIORITIES] + [(ANY_PRIORITY, "any")]


class Party(models.Model):
    """What is printed of a supplier or customer."""

    name = models.CharField(max_length=120)
    address = models.TextField(blank=True, help_text="One line each: street, postal code and town.")
    country = models.CharField(
        max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$", "Two capital letters (ISO 3166-1).")]
    )
    vat_id = models.CharField("VAT ID", max_length=20, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def address_lines(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.address.splitlines() if line.strip())


class Supplier(Party):
    """The managed-service provider itself."""

    bank = models.CharField(max_length=120, blank=True)


class Customer(Party):
    code = models.CharField(max_length=31, unique=True, validators=[CODE])
    number = models.CharField("customer number", max_length=20, blank=True, help_text="Their number with us.")

    class Meta:
        ordering = ["name"]


class TicketSource(models.Model):
    """A customer's service-management platform. The credential itself is never here, only where it is read from."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    system = models.CharField(max_length=30, help_text="A key of portal.adapters.SOURCES.")
    base_url = models.CharField(max_length=300)
    settings = models.JSONField(default=dict, blank=True)
    vocabulary = models.JSONField(default=dict, blank=True)
    credential_ref = models.CharField(max_length=120, validators=[REFERENCE])

    def __str__(self) -> str:
        return f"{self.customer.name}: {self.name}"


class SapEndpoint(models.Model):
    """Where a customer's SAP takes our IDocs, and how it wants them."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    channel = models.CharField(max_length=30, default="https_idoc", help_text="A key of portal.adapters.CHANNELS.")
    url = models.CharField(max_length=300)
    settings = models.JSONField(default=dict, blank=True, help_text="Channel settings.")
    mapping = models.JSONField(default=dict, blank=True, help_text="Fields of portal.domain.content.SapMapping.")
    credential_ref = models.CharField(max_length=120, validators=[REFERENCE])
    inbound_credential_ref = models.CharField(max_length=120, validators=[REFERENCE], blank=True)

    def __str__(self) -> str:
        return f"{self.customer.name}: {self.name}"


class SealedCredential(models.Model):
    """A credential that an administrator set. Sealed to the workers' key: web processes write it and cannot read it."""

    reference = models.CharField(max_length=120, unique=True, validators=[REFERENCE])
    sealed = models.TextField()
    key_id = models.CharField(max_length=16)
    """of the key it was sealed to; after a change of keys it has to be set again"""
    fingerprint = models.CharField(max_length=16)
    """of the sealed text: tells two settings apart and nothing about the content"""
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["reference"]

    def __str__(self) -> str:
        return self.reference


class Contract(models.Model):
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    source = models.ForeignKey(TicketSource, models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(SapEndpoint, models.PROTECT, related_name="+")
    number = models.CharField(max_length=30, unique=True)
    title = models.CharField(max_length=120)
    po_number = models.CharField("purchase order", max_length=35, blank=True)
    po_item = models.CharField("purchase order item", max_length=6, blank=True)
    supplier_number = models.CharField(
        "vendor number", max_length=17, blank=True, help_text="Our number at the customer."
    )
    currency = models.CharField(
        max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters (ISO 4217).")]
    )
    timezone = models.CharField(max_length=40, default="Europe/Berlin")
    vat_rate = models.DecimalField(
        "VAT rate in percent",
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    payment_terms = models.CharField(max_length=200, blank=True)
    terms = models.TextField(blank=True)
    test_marker = models.CharField(
        max_length=40, blank=True, help_text="A ticket whose summary contains this text is a test and is not billed."
    )
    number_series = models.CharField(
        max_length=4,
        default="PF",
        validators=[RegexValidator(r"^[A-Z]{1,4}$", "One to four capital letters.")],
        help_text="Proformas are numbered SERIES-YEAR-000001 (16 characters at most, SAP's BELNR).",
    )
    valid_from = models.DateField()
    valid_to = models.DateField("ends before", null=True, blank=True)

    class Meta:
        ordering = ["customer__name", "number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="contract_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(vat_rate__gte=0, vat_rate__lte=100), name="contract_vat_is_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Dated(models.Model):
    """Something of a contract with a validity: valid_from <= day < valid_to. Only its end can be changed later."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="+")
    description = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField("ends before", null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.description


class FixedLine(Dated):
    """Billed every month it is valid in; begins and ends with a month, so nothing is charged pro rata."""

    position = models.PositiveIntegerField(default=10)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, default=Decimal(1))
    unit = models.CharField(max_length=12, default="month")
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="fixed_line_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(valid_from__day=1) & (Q(valid_to__isnull=True) | Q(valid_to__day=1)),
                name="fixed_line_whole_months",
            ),
        ]


class Rate(Dated):
    """A price per ticket. The database refuses two that are valid on the same day (migrations/0002)."""

    kind = models.CharField(max_length=20, choices=KINDS)
    priority = models.CharField(max_length=1, choices=PRIORITY_CHOICES)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))])

    class Meta:
        ordering = ["kind", "priority", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="rate_ends_later"
            ),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="rate_not_negative"),
        ]
