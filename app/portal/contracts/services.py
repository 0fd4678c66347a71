"""Writes of suppliers, customers, their systems and contracts. What a contract prices is in terms.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction

from portal.accounts.access import Permission, person, require
from portal.audit.services import acting, refusal_words
from portal.contracts.checks import address_check, contract_check, endpoint_check, row_check, source_check
from portal.contracts.models import Contract, Customer, SapEndpoint, Supplier, TicketSource
from portal.contracts.terms import (
    fixed_line_add,
    fixed_line_change,
    fixed_line_end,
    rate_add,
    rate_change,
    rate_end,
)
from portal.domain.errors import InputError

__all__ = [
    "contract_create",
    "contract_update",
    "customer_create",
    "customer_update",
    "endpoint_create",
    "endpoint_update",
    "fixed_line_add",
    "fixed_line_change",
    "fixed_line_end",
    "rate_add",
    "rate_change",
    "rate_end",
    "source_create",
    "source_update",
    "supplier_create",
    "supplier_update",
]

Row = TypeVar("Row", bound=models.Model)


def supplier_create(*, actor: str, **fields: Any) -> Supplier:
    """`fields` as in the model, here and below. Raises InputError and AccessError."""
    return _create(Supplier, row_check, actor, fields)


def supplier_update(*, supplier: Supplier, actor: str, reason: str = "", **fields: Any) -> Supplier:
    """Proformas that are issued keep what they printed."""
    return _update(supplier, _party_check, actor, reason, fields)


def customer_create(*, actor: str, **fields: Any) -> Customer:
    return _create(Customer, row_check, actor, fields)


def customer_update(*, customer: Customer, actor: str, reason: str = "", **fields: Any) -> Customer:
    return _update(customer, _party_check, actor, reason, fields)


def source_create(*, customer: Customer, actor: str, **fields: Any) -> TicketSource:
    return _create(TicketSource, source_check, actor, {"customer": customer, **fields})


def source_update(*, source: TicketSource, actor: str, reason: str = "", **fields: Any) -> TicketSource:
    """A new mapping needs no new reading: snapshots hold the customer's own words."""
    return _update(source, source_check, actor, reason, fields)


def endpoint_create(*, customer: Customer, actor: str, **fields: Any) -> SapEndpoint:
    return _create(SapEndpoint, endpoint_check, actor, {"customer": customer, **fields})


def endpoint_update(*, endpoint: SapEndpoint, actor: str, reason: str = "", **fields: Any) -> SapEndpoint:
    return _update(endpoint, endpoint_check, actor, reason, fields)


def contract_create(*, actor: str, **fields: Any) -> Contract:
    """Source and endpoint must be the customer's own, and both parties need an address."""
    return _create(Contract, contract_check, actor, fields)


def contract_update(*, contract: Contract, actor: str, reason: str = "", **fields: Any) -> Contract:
    return _update(contract, contract_check, actor, reason, fields)


def _party_check(party: Supplier | Customer) -> None:
    """An address that contracts rely on cannot be emptied."""
    row_check(party)
    role = "supplier" if isinstance(party, Supplier) else "customer"
    if Contract.objects.filter(**{role: party}).exists():
        address_check(party)


def _create(model: type[Row], check: Callable[[Row], None], actor: str, fields: dict[str, Any]) -> Row:
    require(person(actor), Permission.CONTRACTS)
    row = model(**fields)
    check(row)
    with acting(actor):
        row.save(force_insert=True)
    return row


def _update(row: Row, check: Callable[[Row], None], actor: str, reason: str, fields: dict[str, Any]) -> Row:
    """On a fresh, locked copy, so that a refused change leaves the caller's object and the row as they were."""
    require(person(actor), Permission.CONTRACTS)
    with acting(actor, reason):
        fresh = type(row)._default_manager.select_for_update().get(pk=row.pk)
        for name, value in fields.items():
            fresh._meta.get_field(name)  # raises FieldDoesNotExist for a name that is none
            setattr(fresh, name, value)
        check(fresh)
        _save(fresh, list(fields))
    return fresh


def _save(row: models.Model, fields: list[str]) -> None:
    """What only the database knows, such as months that a contract has already, it refuses in its own words."""
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError as error:
        words = refusal_words(error)
        if words is None:
            raise
        raise InputError(words[0], kept="Nothing was changed.", remedy=words[1]) from None
