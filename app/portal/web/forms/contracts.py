"""Contracts and what they price."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.contracts import selectors
from portal.contracts.models import KINDS, PRIORITY_CHOICES, Contract
from portal.web.forms.base import DateField, MoneyField, PortalForm, PortalModelForm, QuantityField, ReasonField

FIRST_OF_MONTH = "The first of a month; nothing is charged pro rata."


class ContractForm(PortalModelForm):
    valid_from = DateField()
    valid_to = DateField(label="Ends before", required=False, help_text="The first day without it. Empty: open-ended.")

    class Meta:
        model = Contract
        fields = (
            "number",
            "title",
            "supplier",
            "customer",
            "source",
            "endpoint",
            "po_number",
            "po_item",
            "supplier_number",
            "currency",
            "timezone",
            "vat_rate",
            "payment_terms",
            "terms",
            "test_marker",
            "number_series",
            "valid_from",
            "valid_to",
        )
        labels = {"source": "Ticket source", "endpoint": "SAP endpoint", "timezone": "Time zone"}
        help_texts = {
            "timezone": "Months begin and end by these clocks, for example Europe/Berlin.",
            "po_number": "Printed, and in the IDoc, by which SAP finds the order.",
            "terms": "Printed below the totals.",
        }
        widgets = {"terms": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        rows = {
            "supplier": selectors.suppliers(),
            "customer": selectors.customers(),
            "source": selectors.sources(),
            "endpoint": selectors.endpoints(),
        }
        for name, queryset in rows.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]


class RateAddForm(PortalForm):
    kind = forms.ChoiceField(choices=KINDS)
    priority = forms.ChoiceField(choices=PRIORITY_CHOICES, help_text="A price for one priority goes before 'any'.")
    description = forms.CharField(max_length=200, help_text="Printed as the line's text.")
    unit_price = MoneyField(label="Price per ticket")
    valid_from = DateField()
    valid_to = DateField(label="Ends before", required=False, help_text="The first day without it. Empty: open-ended.")
    reason = ReasonField(required=False)


class RateChangeForm(PortalForm):
    valid_from = DateField(label="New price from", help_text="The old price ends the day before.")
    unit_price = MoneyField(label="New price per ticket")
    description = forms.CharField(max_length=200)
    reason = ReasonField()


class FixedLineAddForm(PortalForm):
    description = forms.CharField(max_length=200, help_text="Printed as the line's text.")
    quantity = QuantityField(initial="1")
    unit = forms.CharField(max_length=12, initial="month")
    unit_price = MoneyField(label="Price per unit and month")
    valid_from = DateField(help_text=FIRST_OF_MONTH)
    valid_to = DateField(label="Ends before", required=False, help_text="The first of a month. Empty: open-ended.")
    position = forms.IntegerField(initial=10, min_value=0, max_value=9999, help_text="Lower ones are printed first.")
    reason = ReasonField(required=False)


class FixedLineChangeForm(PortalForm):
    valid_from = DateField(label="Changed from", help_text=FIRST_OF_MONTH)
    quantity = QuantityField()
    unit_price = MoneyField(label="Price per unit and month")
    description = forms.CharField(max_length=200)
    reason = ReasonField()


class EndForm(PortalForm):
    valid_to = DateField(label="Ends before", help_text="The first day without it.")
    reason = ReasonField()


class FixedLineEndForm(EndForm):
    valid_to = DateField(label="Ends before", help_text="The first of the month without it.")
