"""What all forms have in common, and the kinds of field that Django does not have."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.domain.errors import Problem


class PortalFormMixin(forms.BaseForm):
    """`problem` is what a service said; it stands above the form, and what was entered stays."""

    problem: Problem | None = None
    use_required_attribute = False
    """the page says what is missing in our words, in one place"""


class PortalForm(PortalFormMixin, forms.Form):
    pass


class PortalModelForm(PortalFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    """Takes labels, lengths and patterns from a model. It never writes: its cleaned data go to a service."""

    def _post_clean(self) -> None:
        """The model's patterns, near the field; the row as a whole is checked by the service, on a fresh copy."""
        for name, value in list(self.cleaned_data.items()):
            if value in (None, ""):
                continue
            try:
                self._meta.model._meta.get_field(name).run_validators(value)
            except ValidationError as error:
                self.add_error(name, error)


class DateField(forms.DateField):
    """A day, entered by the browser's own calendar."""

    def __init__(self, **given: Any) -> None:
        super().__init__(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **given)


class MoneyField(forms.DecimalField):
    """An amount with two decimals; a decimal comma is understood."""

    def __init__(self, *, decimal_places: int = 2, **given: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "amount", "autocomplete": "off"})
        super().__init__(max_digits=14, decimal_places=decimal_places, widget=widget, **given)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.count(",") == 1 and "." not in value:
            value = value.replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return f"{value.normalize():f}" if self.decimal_places != 2 else f"{value:.2f}"


class QuantityField(MoneyField):
    """A number with up to three decimals."""

    def __init__(self, **given: Any) -> None:
        super().__init__(decimal_places=3, **given)


class ReasonField(forms.CharField):
    """Why; it stands in the audit record, and beside a changed line on the proforma."""

    def __init__(self, **given: Any) -> None:
        settings: dict[str, Any] = {"max_length": 300, "help_text": "Kept in the record with your name."}
        super().__init__(widget=forms.TextInput(attrs={"autocomplete": "off"}), **(settings | given))


class JsonField(forms.CharField):
    """A JSON object as text that people can read; a slip is told with its line and column."""

    def __init__(self, **given: Any) -> None:
        given.pop("encoder", None), given.pop("decoder", None)
        area = forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false", "autocomplete": "off"})
        super().__init__(required=False, **(given | {"widget": area}))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value or {}, indent=2, ensure_ascii=False)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            data = json.loads(text or "{}")
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise ValidationError(f"This is no JSON: {error.msg} ({place}).") from None
        if not isinstance(data, dict):
            raise ValidationError('Write a JSON object: {"name": "value"}.')
        return data

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)
