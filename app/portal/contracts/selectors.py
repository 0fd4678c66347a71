"""Reads of contracts: as the domain's values for billing, as rows for people."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from portal.contracts.models import (
    Contract,
    Customer,
    FixedLine,
    Party,
    Rate,
    SapEndpoint,
    Supplier,
    TicketSource,
)
from portal.domain import composing, rating
from portal.domain.errors import Problem
from portal.domain.periods import Period
from portal.domain.tickets import Kind, Vocabulary
from portal.lib import clock


def rates_of(contract: Contract) -> tuple[rating.Rate, ...]:
    return tuple(
        rating.Rate(r.pk, Kind(r.kind), r.priority, r.unit_price, r.description, r.valid_from, r.valid_to)
        for r in Rate.objects.filter(contract=contract)
    )


def fixed_lines_of(contract: Contract) -> tuple[composing.FixedLine, ...]:
    return tuple(
        composing.FixedLine(f.pk, f.description, f.quantity, f.unit, f.unit_price, f.valid_from, f.valid_to)
        for f in FixedLine.objects.filter(contract=contract)
    )


def vocabulary_of(contract: Contract) -> Vocabulary:
    """Raises ValueError when the mapping holds a value that is none of ours."""
    return Vocabulary.from_json(contract.source.vocabulary)


def zone_of(contract: Contract) -> ZoneInfo:
    return ZoneInfo(contract.timezone)


def contract_problems(contract: Contract, period: Period) -> tuple[Problem, ...]:
    """What keeps this contract from being billed for a period; empty when nothing does."""
    problems = [*_party_problems("supplier", contract.supplier), *_party_problems("customer", contract.customer)]
    if contract.valid_from >= period.end_day or (contract.valid_to and contract.valid_to <= period.first_day):
        end = f" to {contract.valid_to}" if contract.valid_to else ""
        problems.append(
            Problem(
                "contract.not_valid",
                f"The contract is not valid in {period}: it runs from {contract.valid_from}{end}.",
                f"contract {contract.number}",
                "Choose another month, or correct the dates of the contract.",
            )
        )
    return tuple(problems)


def _party_problems(role: str, party: Party) -> list[Problem]:
    if party.address_lines:
        return []
    return [
        Problem(
            "contract.no_address",
            f"The {role} {party.name} has no address, and a proforma must show one.",
            f"{role} {party.name}",
            f"Enter street, postal code and town of the {role}, then compose again.",
        )
    ]


def suppliers() -> QuerySet[Supplier]:
    return Supplier.objects.order_by("name", "pk")


def customers() -> QuerySet[Customer]:
    return Customer.objects.order_by("name", "pk")


def customer_by_code(code: str) -> Customer | None:
    return Customer.objects.filter(code=code).first()


def sources_of(customer: Customer) -> QuerySet[TicketSource]:
    return TicketSource.objects.filter(customer=customer).order_by("name", "pk")


def endpoints_of(customer: Customer) -> QuerySet[SapEndpoint]:
    return SapEndpoint.objects.filter(customer=customer).order_by("name", "pk")


def sources() -> QuerySet[TicketSource]:
    return TicketSource.objects.select_related("customer").order_by("customer__name", "name", "pk")


def endpoints() -> QuerySet[SapEndpoint]:
    return SapEndpoint.objects.select_related("customer").order_by("customer__name", "name", "pk")


def contracts() -> QuerySet[Contract]:
    return Contract.objects.select_related("customer", "supplier", "source", "endpoint").order_by(
        "customer__name", "number"
    )


def contracts_of(customer: Customer) -> QuerySet[Contract]:
    return contracts().filter(customer=customer)


def rates() -> QuerySet[Rate]:
    """Rows with their history, ended ones too; those that are valid on no day come before what replaced them."""
    return Rate.objects.select_related("contract", "contract__customer").order_by(
        "kind", "priority", "valid_from", "pk"
    )


def fixed_lines() -> QuerySet[FixedLine]:
    return FixedLine.objects.select_related("contract", "contract__customer").order_by("position", "valid_from", "pk")


def today(contract: Contract) -> date:
    """The day that it is where the contract is."""
    return clock.now().astimezone(zone_of(contract)).date()


def period_default(contract: Contract) -> Period:
    """The month that ended last in the contract's zone."""
    return Period.of(today(contract)).previous()


def contract_first(wanted: str) -> Contract | None:
    """The contract with that key, or the first one where there is none such."""
    found = contracts().filter(pk=int(wanted)).first() if wanted.isdecimal() else None
    return found or contracts().first()
