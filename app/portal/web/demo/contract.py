"""The rehearsal's people and contract, entered through the same services that the portal's pages use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from portal.accounts.models import Role
from portal.accounts.services import user_create
from portal.contracts import services
from portal.contracts.models import Contract, Customer, SapEndpoint, TicketSource
from portal.domain.tickets import ANY_PRIORITY, Kind
from portal.sources.servicenow.parse import DEFAULT_VOCABULARY
from portal.web.demo.plan import Plan

CODE = "sandbox"
"""the customer's; the supervisor (scripts/demo.py) puts it into the address of acknowledgements"""
NUMBER = "MS-2024-017"
RATES = (
    (Kind.INCIDENT, "1", "Incident, priority 1 (critical)", "148.00"),
    (Kind.INCIDENT, "2", "Incident, priority 2 (high)", "92.50"),
    (Kind.INCIDENT, "3", "Incident, priority 3 (moderate)", "38.90"),
    (Kind.INCIDENT, "4", "Incident, priority 4 (low)", "27.40"),
    (Kind.INCIDENT, "5", "Incident, priority 5 (planning)", "19.80"),
    (Kind.SERVICE_REQUEST, "2", "Service request, priority 2 (expedited)", "44.00"),
    (Kind.SERVICE_REQUEST, ANY_PRIORITY, "Service request", "21.60"),
)
FIXED_LINES = (
    ("Service desk, Monday to Friday 7:00 to 19:00", "1", "month", "6850.00"),
    ("On-call duty outside of service hours", "1", "month", "2400.00"),
    ("Managed workplace", "412", "piece", "11.35"),
    ("Service management and monthly report", "16", "hour", "118.00"),
)


def people_load(plan: Plan) -> None:
    """Everybody in the plan, with the passwords that the supervisor will print."""
    for person in plan.people:
        user_create(
            username=person.username,
            full_name=person.full_name,
            password=person.password,
            roles=person.roles,
            actor="demo",
        )


def contract_get() -> Contract:
    """The contract that `contract_load` has made."""
    return Contract.objects.get(number=NUMBER)


def contract_load(plan: Plan) -> Contract:
    """Supplier, customer, both of the customer's systems, the contract with its prices: valid since January."""
    actor = plan.who(Role.CONTRACT_MANAGER)
    customer = services.customer_create(
        actor=actor,
        code=CODE,
        number="K-10472",
        name="Kessler & Söhne Maschinenbau GmbH",
        address="Einkauf IT\nHafenstraße 118\n28217 Bremen",
        country="DE",
        vat_id="DE000000002",
    )
    contract = services.contract_create(
        actor=actor,
        supplier=services.supplier_create(actor=actor, **_SUPPLIER),
        customer=customer,
        source=_source(customer, plan, actor),
        endpoint=_endpoint(customer, plan, actor),
        **_terms(plan),
    )
    _prices(contract, date(plan.period.year, 1, 1), actor)
    return contract


_SUPPLIER = {
    "name": "Nordlicht Managed Services GmbH",
    "address": "Speicherstadt 7\n20457 Hamburg",
    "country": "DE",
    "vat_id": "DE000000001",
    "email": "billing@nordlicht.example",
    "phone": "+49 40 5550 1234",
    "bank": "IBAN DE02 1203 0000 0000 2020 51 - BIC BYLADEM1001",
}


def _source(customer: Customer, plan: Plan, actor: str) -> TicketSource:
    return services.source_create(
        actor=actor,
        customer=customer,
        name="ServiceNow (sandbox)",
        system="servicenow",
        base_url=plan.sandbox_url,
        vocabulary=DEFAULT_VOCABULARY,
        credential_ref=plan.credentials["servicenow"],
    )


def _endpoint(customer: Customer, plan: Plan, actor: str) -> SapEndpoint:
    return services.endpoint_create(
        actor=actor,
        customer=customer,
        name="SAP (sandbox)",
        channel="https_idoc",
        url=f"{plan.sandbox_url}/sap/bc/idoc_xml",
        settings={"sap_client": "100", "status_url": "/sap/bc/proforma_status"},
        mapping={"client": "100", "company_code": "1000", "tax_code": "V2"},
        credential_ref=plan.credentials["sap"],
        inbound_credential_ref=plan.credentials["acknowledgement"],
    )


def _terms(plan: Plan) -> dict[str, object]:
    return {
        "number": NUMBER,
        "title": "Managed workplace and service desk",
        "po_number": "4500017839",
        "po_item": "00010",
        "supplier_number": "0000104711",
        "timezone": plan.timezone,
        "vat_rate": Decimal("19.00"),
        "payment_terms": "Payable 30 days after the invoice that follows this proforma.",
        "terms": "Incidents count in the month in which they were resolved, service requests in the month in which "
        "they were closed. Objections within 10 working days.",
        "test_marker": "[TEST]",
        "valid_from": date(plan.period.year, 1, 1),
    }


def _prices(contract: Contract, since: date, actor: str) -> None:
    for kind, priority, description, price in RATES:
        services.rate_add(
            contract=contract,
            kind=kind,
            priority=priority,
            description=description,
            unit_price=Decimal(price),
            valid_from=since,
            actor=actor,
        )
    for position, (description, quantity, unit, price) in enumerate(FIXED_LINES, start=1):
        services.fixed_line_add(
            contract=contract,
            description=description,
            quantity=Decimal(quantity),
            unit=unit,
            unit_price=Decimal(price),
            valid_from=since,
            position=position * 10,
            actor=actor,
        )
