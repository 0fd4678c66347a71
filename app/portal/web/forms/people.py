"""People, their roles and passwords."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField

from portal.accounts.models import Role
from portal.web.forms.base import PortalForm

HINT = "At least 12 characters, not a common one, not like the name."


class PasswordField(forms.CharField):
    def __init__(self, *, autocomplete: str = "new-password", **given: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(strip=False, widget=widget, **given)


class RolesField(forms.MultipleChoiceField):
    def __init__(self, **given: Any) -> None:
        super().__init__(choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple, **given)


class SignInForm(AuthenticationForm):
    username = UsernameField(label="User name", widget=forms.TextInput(attrs={"autofocus": True}))


class PersonForm(PortalForm):
    username = forms.CharField(
        label="User name", max_length=150, help_text="It stands in the record and cannot be changed."
    )
    full_name = forms.CharField(max_length=150)
    email = forms.EmailField(required=False)
    roles = RolesField(help_text="Without a role a person sees nothing.")
    password = PasswordField(label="First password", help_text=HINT)


class RolesForm(PortalForm):
    roles = RolesField()


class NewPasswordForm(PortalForm):
    password = PasswordField(label="New password", help_text=HINT)


class OwnPasswordForm(PortalForm):
    current = PasswordField(label="Present password", autocomplete="current-password")
    password = PasswordField(label="New password", help_text=HINT)
    again = PasswordField(label="New password again")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") != data.get("again"):
            self.add_error("again", "The two new passwords differ.")
        return data
