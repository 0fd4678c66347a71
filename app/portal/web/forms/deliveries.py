"""What a person does about a delivery."""

from __future__ import annotations

from django import forms

from portal.delivery.models import PARKED, POSTED, REJECTED
from portal.web.forms.base import PortalForm, ReasonField

OUTCOMES = [
    (PARKED, "Parked, as it was to be"),
    (POSTED, "Posted: it has become a payable"),
    (REJECTED, "Rejected: they do not have it"),
]


class RetryForm(PortalForm):
    reason = ReasonField()


class UnclearRetryForm(RetryForm):
    checked_not_there = forms.BooleanField(
        label="The customer has looked for our number, and has nothing",
        required=False,
        help_text="Without that, sending again could make a double.",
    )


class SettleForm(PortalForm):
    outcome = forms.ChoiceField(label="What became of it", choices=OUTCOMES)
    reason = ReasonField(label="Who said so, and when")
