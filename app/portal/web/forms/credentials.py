"""A credential of a customer's system. Nothing that was entered is ever shown again."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from portal.web.forms.base import PortalForm
from portal.web.forms.people import PasswordField


class CredentialForm(PortalForm):
    username = forms.CharField(label="User name", required=False, max_length=300)
    password = PasswordField(required=False)
    others = PasswordField(
        label="Other fields",
        required=False,
        help_text='A JSON object of strings, for example {"client_id": "...", "client_secret": "..."}.',
    )

    def clean_others(self) -> dict[str, str]:
        try:
            data = json.loads(self.cleaned_data["others"] or "{}")
        except ValueError:
            data = None
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            raise forms.ValidationError('Write a JSON object of strings: {"name": "value"}.')
        return data

    def fields_given(self) -> dict[str, Any]:
        """Those that were filled in, by the names that sources and channels know."""
        named = {name: self.cleaned_data[name] for name in ("username", "password") if self.cleaned_data[name]}
        return {**self.cleaned_data["others"], **named}
