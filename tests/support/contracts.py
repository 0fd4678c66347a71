"""A contract between a believable supplier and customer, made by the services that people use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from portal.contracts import services
from portal.contracts.models import Contract, Customer, SapEndpoint, Supplier, TicketSource
from portal.domain.tickets import Kind

VOCABULARY: dict[str, Any] = {
    "kinds": {"incident": "incident", "sc_req_item": "service_request"},
    "priorities": {"1": "1", "2": "2", "3": "3", "4": "4", "5": "5"},
    "states": {
        "incident": {"6": "completed", "7": "completed", "8": "cancelled", "1": "open", "2": "open", "3": "open"},
        "sc_req_item": {"3": "completed", "4": "cancelled", "7": "cancelled", "1": "open", "2": "open"},
    },
}
BEGIN = date(2024, 1, 1)


def supplier_make(**changes: Any) -> Supplier:
    given = {
        "name": "Nordlicht Managed Services GmbH",
        "address": "Große Bleichen 21\n20354 Hamburg",
        "country": "DE",
        "vat_id": "DE123456789",
        "email": "abrechnung@nordlicht.example",
    }
    return services.supplier_create(actor="clara", **(given | changes))


def customer_make(code: str = "acme", **changes: Any) -> Customer:
    given = {
        "name": "Zürcher Präzisionswerke AG",
        "address": "Limmatstraße 8\n8005 Zürich",
        "country": "CH",
        "number": "K-20417",
    }
    return services.customer_create(actor="clara", code=code, **(given | changes))


def source_make(customer: Customer, base_url: str = "http://127.0.0.1:9", **changes: Any) -> TicketSource:
    given = {
        "name": "Service management",
        "system": "servicenow",
        "base_url": base_url,
        "vocabulary": VOCABULARY,
        "credential_ref": f"customers/{customer.code}/source",
    }
    return services.source_create(customer=customer, actor="clara", **(given | changes))


def endpoint_make(customer: Customer, url: str = "http://127.0.0.1:9", **changes: Any) -> SapEndpoint:
    given = {
        "name": "SAP",
        "url": url,
        "credential_ref": f"customers/{customer.code}/sap",
        "inbound_credential_ref": f"customers/{customer.code}/inbound",
    }
    return services.endpoint_create(customer=customer, actor="clara", **(given | changes))


def contract_make(code: str = "acme", *, source_url: str = "", sap_url: str = "", **changes: Any) -> Contract:
    """Without prices. Needs Clara of the cast."""
    customer = customer_make(code)
    given = {
        "supplier": Supplier.objects.first() or supplier_make(),
        "customer": customer,
        "source": source_make(customer, source_url or "http://127.0.0.1:9"),
        "endpoint": endpoint_make(customer, sap_url or "http://127.0.0.1:9"),
        "number": f"MSP-{code.upper()}-1",
        "title": "Managed workplace",
        "po_number": "4500012345",
        "po_item": "00010",
        "supplier_number": "700123",
        "vat_rate": Decimal("19.00"),
        "payment_terms": "30 days net",
        "valid_from": BEGIN,
    }
    return services.contract_create(actor="clara", **(given | changes))


def prices_make(contract: Contract, begin: date = BEGIN) -> None:
    """Two fixed lines and a price for every kind and priority."""
    for position, (name, price) in enumerate((("Service desk, base fee", "1480.00"), ("Monitoring", "620.00")), 1):
        services.fixed_line_add(
            contract=contract,
            description=name,
            quantity=Decimal(1),
            unit="month",
            unit_price=Decimal(price),
            valid_from=begin,
            position=position * 10,
            actor="clara",
        )
    incident = {"1": "120.00", "2": "74.25", "3": "38.00", "4": "22.50", "5": "12.50"}
    prices = [(Kind.INCIDENT, p, price) for p, price in incident.items()] + [(Kind.SERVICE_REQUEST, "*", "18.00")]
    for kind, priority, price in prices:
        name = "Incident" if kind is Kind.INCIDENT else "Service request"
        services.rate_add(
            contract=contract,
            kind=kind,
            priority=priority,
            unit_price=Decimal(price),
            description=f"{name}, priority {priority}" if priority != "*" else f"{name}, any priority",
            valid_from=begin,
            actor="clara",
        )
