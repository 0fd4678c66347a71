"""What a customer's settings must look like, so that a slip is found when it is entered and not at month end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from portal import adapters
from portal.contracts.models import Contract, Customer, SapEndpoint, Supplier, TicketSource
from portal.domain.content import SapMapping
from portal.domain.errors import InputError
from portal.domain.tickets import Vocabulary

NOTHING_STORED = "Nothing was stored."
LONGEST = {
    "client": 3,
    "sender_port": 10,
    "sender_partner": 10,
    "receiver_port": 10,
    "receiver_partner": 10,
    "message_code": 3,
    "message_function": 3,
    "company_code": 17,
    "sum_net": 3,
    "sum_tax": 3,
    "sum_gross": 3,
    "tax_code": 7,
}
"""characters of the IDoc fields that the values go into (EDI_DC40, E1EDS01, E1EDK04, E1EDKA1)"""
VOCABULARY_KEYS = ("kinds", "priorities", "states")


def refused(what: str, where: str, remedy: str = "") -> InputError:
    return InputError(what, where=where, kept=NOTHING_STORED, remedy=remedy)


def row_check(row: models.Model) -> None:
    """Field lengths, choices, patterns, uniqueness as the model states them. Raises InputError for the first slip."""
    try:
        row.full_clean(validate_constraints=False)
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise refused(" ".join(messages), label_of(row, name)) from None


def label_of(row: models.Model, name: str) -> str:
    """The name people see for a field."""
    known = {field.name: str(getattr(field, "verbose_name", field.name)) for field in row._meta.get_fields()}
    return known.get(name, str(row._meta.verbose_name))


def source_check(source: TicketSource) -> None:
    """Raises InputError for an unknown system, a bad address, or a mapping to words that are none of ours."""
    row_check(source)
    _key_check(source.system, adapters.SOURCES, "system")
    url_check(source.base_url, "base url")
    _object_check(source.settings, "settings")
    vocabulary_check(source.vocabulary)


def endpoint_check(endpoint: SapEndpoint) -> None:
    """Raises InputError for an unknown channel, a bad address, or a mapping that no IDoc can carry."""
    row_check(endpoint)
    _key_check(endpoint.channel, adapters.CHANNELS, "channel")
    url_check(endpoint.url, "url")
    _object_check(endpoint.settings, "settings")
    mapping_check(endpoint.mapping)


def contract_check(contract: Contract) -> None:
    """Raises InputError for an unknown zone, another customer's system, or a party without an address."""
    row_check(contract)
    _zone_check(contract.timezone)
    for name, system in (("source", contract.source), ("endpoint", contract.endpoint)):
        if system.customer_id != contract.customer_id:
            remedy = f"Choose one that belongs to {contract.customer.name}."
            raise refused(f"This {name} belongs to {system.customer.name}.", name, remedy)
    for party in (contract.supplier, contract.customer):
        address_check(party)
    if contract.valid_to is not None and contract.valid_to < contract.valid_from:
        raise refused("The contract ends before it begins.", "ends before", "Correct one of the two dates.")


def address_check(party: Supplier | Customer) -> None:
    """A proforma prints both addresses. Raises InputError."""
    if not party.address_lines:
        role = "supplier" if isinstance(party, Supplier) else "customer"
        remedy = "Enter street, postal code and town, one line each."
        raise refused("There is no address, and a proforma must show one.", f"{role} {party.name}", remedy)


def url_check(url: str, where: str) -> None:
    """https, a host, and no user name in it; plain http in a rehearsal only. Raises InputError."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise refused(f"'{url[:80]}' is no address.", where, "Write https://host or https://host/path.")
    if parts.scheme == "http" and not settings.TEST_MODE:
        raise refused("The address is not encrypted.", where, "Use https; plain http is for rehearsals.")
    if parts.username is not None or parts.password is not None:
        remedy = "Keep them in the credential, where they are not printed."
        raise refused("The address holds a user name or password.", where, remedy)


def vocabulary_check(data: Any) -> None:
    """The customer's words and ours. Raises InputError."""
    remedy = 'Write {"kinds": {...}, "priorities": {...}, "states": {kind: {...}}}, each theirs: ours.'
    _object_check(data, "vocabulary")
    if unknown := sorted(set(data) - set(VOCABULARY_KEYS)):
        raise refused(f"There is no mapping of '{unknown[0]}'.", "vocabulary", remedy)
    tables = [(f"vocabulary, {name}", data.get(name, {})) for name in VOCABULARY_KEYS]
    states = data.get("states", {})
    tables += [(f"vocabulary, states of {k}", v) for k, v in states.items()] if isinstance(states, dict) else []
    for where, table in tables:
        _object_check(table, where)
    try:
        Vocabulary.from_json(data)
    except ValueError as error:
        raise refused(f"A word is none of ours: {error}.", "vocabulary", remedy) from None


def mapping_check(data: Any) -> None:
    """Fields of SapMapping as text that fits the IDoc. Raises InputError."""
    _object_check(data, "mapping")
    allowed = [field.name for field in fields(SapMapping)]
    for name, value in data.items():
        if name not in allowed:
            raise refused(f"There is no field '{name}'.", "mapping", f"Known: {', '.join(allowed)}.")
        if not isinstance(value, str):
            raise refused(f"'{name}' is no text.", "mapping", 'Write numbers in quotes too, for example "100".')
        if len(value) > LONGEST[name]:
            raise refused(f"'{name}' has more than {LONGEST[name]} characters.", "mapping", "SAP's field is shorter.")


def _zone_check(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; no name at all; a directory of zones
        raise refused(f"There is no time zone '{name}'.", "timezone", "Write it as Europe/Berlin or UTC.") from None


def _key_check(key: str, registry: Mapping[str, str], where: str) -> None:
    if key not in registry:
        raise refused(f"'{key}' is not known.", where, f"Known: {', '.join(registry)}.")


def _object_check(data: Any, where: str) -> None:
    if not isinstance(data, dict):
        raise refused("This is no JSON object.", where, 'Write {"name": "value"}.')
