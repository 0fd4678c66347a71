"""Suppliers, customers, and the systems that stand behind them."""

from __future__ import annotations

from typing import Any

from django import forms

from portal import adapters
from portal.contracts.models import Customer, SapEndpoint, Supplier, TicketSource
from portal.web.forms.base import JsonField, PortalModelForm

PARTY = ("name", "address", "country", "vat_id", "email", "phone")
ADDRESS = {"address": forms.Textarea(attrs={"rows": 3, "autocomplete": "off"})}
CREDENTIAL = (
    "Where the secret is read from, for example customers/acme/source. The secret itself is never entered here."
)


class SupplierForm(PortalModelForm):
    class Meta:
        model = Supplier
        fields = (*PARTY, "bank")
        widgets = ADDRESS
        help_texts = {"bank": "One line, for example IBAN and BIC.", "country": "Two letters, for example DE."}


class CustomerForm(PortalModelForm):
    class Meta:
        model = Customer
        fields = ("code", "name", "number", *PARTY[1:])
        widgets = ADDRESS
        help_texts = {
            "code": "Short and lasting, for example acme; it stands in addresses and names of credentials.",
            "country": "Two letters, for example DE.",
        }


class SourceForm(PortalModelForm):
    system = forms.ChoiceField()
    settings = JsonField(help_text="Settings of the system, as a JSON object.")
    vocabulary = JsonField(
        help_text='Their words: ours. {"kinds": {}, "priorities": {}, "states": {}}; an unlisted word stops a month.'
    )

    class Meta:
        model = TicketSource
        fields = ("name", "system", "base_url", "credential_ref", "settings", "vocabulary")
        labels = {"base_url": "Address", "credential_ref": "Credential"}
        help_texts = {"base_url": "For example https://acme.service-now.com", "credential_ref": CREDENTIAL}

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["system"].choices = [(key, key.replace("_", " ")) for key in adapters.SOURCES]  # type: ignore[attr-defined]


class EndpointForm(PortalModelForm):
    channel = forms.ChoiceField()
    settings = JsonField(help_text="Settings of the channel, as a JSON object.")
    mapping = JsonField(
        label="SAP mapping",
        help_text='Fields of the IDoc that were agreed, for example {"client": "100", "message_code": "PAR"}.',
    )

    class Meta:
        model = SapEndpoint
        fields = ("name", "channel", "url", "credential_ref", "inbound_credential_ref", "settings", "mapping")
        labels = {
            "url": "Address",
            "credential_ref": "Credential for sending",
            "inbound_credential_ref": "Credential for acknowledgements",
        }
        help_texts = {
            "credential_ref": CREDENTIAL,
            "inbound_credential_ref": "What their SAP signs in with when it sends acknowledgements. Empty: none.",
        }

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["channel"].choices = [(key, key.replace("_", " ")) for key in adapters.CHANNELS]  # type: ignore[attr-defined]
