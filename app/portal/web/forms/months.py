"""Start a month, decide about tickets, read anew."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.contracts import selectors
from portal.contracts.models import Contract
from portal.domain.errors import InputError
from portal.domain.periods import Period
from portal.domain.rating import Box
from portal.web.forms.base import PortalForm, ReasonField

BOXES = [(Box.EXCLUDED.value, "Exclude: it is never billed"), (Box.CARRIED_OVER.value, "Carry over to the next month")]


class PeriodField(forms.CharField):
    """YYYY-MM -> Period."""

    def __init__(self, **given: Any) -> None:
        attrs = {"type": "month", "placeholder": "2026-03", "pattern": "[0-9]{4}-[0-9]{2}"}
        super().__init__(widget=forms.TextInput(attrs=attrs), **given)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return Period.parse(text)
        except InputError as error:
            raise forms.ValidationError(f"{error.problem.what} {error.problem.remedy}") from None


class ContractField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, contract: Any) -> str:
        return f"{contract.customer.name}: {contract.number} {contract.title}"


class MonthForm(PortalForm):
    contract = ContractField(Contract.objects.none(), empty_label=None)
    period = PeriodField(label="Month", help_text="The month that ended last is proposed.")

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["contract"].queryset = selectors.contracts()  # type: ignore[attr-defined]


class DecisionForm(PortalForm):
    """`keys` name records of the source; several when people ticked several."""

    box = forms.ChoiceField(label="What becomes of it", choices=BOXES)
    reason = ReasonField(help_text="Printed on the proforma for tickets that are carried over.")


class ReasonForm(PortalForm):
    reason = ReasonField()
