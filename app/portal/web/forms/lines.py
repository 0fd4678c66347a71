"""Lines of a proforma, and the tickets behind them."""

from __future__ import annotations

import re

from django import forms

from portal.web.forms.base import MoneyField, PortalForm, QuantityField, ReasonField
from portal.web.forms.months import BOXES

SEPARATORS = re.compile(r"[\s,;]+")
PRINTED = "Printed on the proforma and kept in the record with your name."


class LineAddForm(PortalForm):
    description = forms.CharField(max_length=200)
    quantity = QuantityField(initial="1")
    unit = forms.CharField(max_length=12, initial="piece", help_text="For example piece, hour or month.")
    unit_price = MoneyField()
    reason = ReasonField(help_text=PRINTED)


class LineChangeForm(PortalForm):
    description = forms.CharField(max_length=200)
    quantity = QuantityField()
    unit_price = MoneyField()
    reason = ReasonField(help_text=PRINTED)


class TicketLineChangeForm(PortalForm):
    """The quantity of a ticket line is the number of its tickets."""

    description = forms.CharField(max_length=200)
    unit_price = MoneyField()
    reason = ReasonField(help_text=PRINTED)


class LineRemoveForm(PortalForm):
    reason = ReasonField()


class TicketLineRemoveForm(PortalForm):
    box = forms.ChoiceField(label="What becomes of its tickets", choices=BOXES)
    reason = ReasonField(help_text="Printed on the proforma for tickets that are carried over.")


class TicketsMoveForm(PortalForm):
    """`numbers` may be ticked in a list, typed, or both."""

    numbers = forms.CharField(
        label="Ticket numbers",
        required=False,
        max_length=20000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocomplete": "off"}),
        help_text="Besides the ticked ones; separated by commas, spaces or lines.",
    )
    box = forms.ChoiceField(label="What becomes of them", choices=BOXES)
    reason = ReasonField(help_text="Printed on the proforma for tickets that are carried over.")

    def clean_numbers(self) -> list[str]:
        ticked = self.data.getlist("ticked") if hasattr(self.data, "getlist") else []
        typed = [number for number in SEPARATORS.split(self.cleaned_data["numbers"]) if number]
        numbers = list(dict.fromkeys([*ticked, *typed]))
        if not numbers:
            raise forms.ValidationError("Tick tickets in the list, or enter their numbers.")
        return numbers
