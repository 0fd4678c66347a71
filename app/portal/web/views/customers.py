"""Customers and suppliers, and the systems behind them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.access import Permission
from portal.audit.selectors import entries_of
from portal.contracts import selectors, services
from portal.contracts.models import Customer
from portal.web.access import permitted
from portal.web.forms.customers import CustomerForm, EndpointForm, SourceForm, SupplierForm
from portal.web.pages import actor, bound, form_page, page_of, show


@permitted(Permission.VIEW)
@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    return show(
        request,
        "web/customers.html",
        customers=page_of(request, selectors.customers()),
        suppliers=selectors.suppliers(),
    )


@permitted(Permission.VIEW)
@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    found = _customer(pk)
    return show(
        request,
        "web/customer.html",
        customer=found,
        sources=selectors.sources_of(found),
        endpoints=selectors.endpoints_of(found),
        contracts=selectors.contracts_of(found),
        inbox=request.build_absolute_uri(reverse("inbox", args=[found.code])),
        entries=page_of(request, entries_of("contracts_customer", pk).reverse(), 20),
    )


@permitted(Permission.CONTRACTS)
def customer_new(request: HttpRequest) -> HttpResponse:
    def save(data: dict[str, Any]) -> str:
        return _page_of(services.customer_create(actor=actor(request), **data))

    form = bound(request, CustomerForm)
    return form_page(
        request,
        form,
        save,
        done="The customer is made.",
        back=reverse("customers"),
        title="New customer",
        button="Make customer",
    )


@permitted(Permission.CONTRACTS)
def customer_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = _customer(pk)

    def save(data: dict[str, Any]) -> str:
        return _page_of(services.customer_update(customer=found, actor=actor(request), **data))

    form = bound(request, CustomerForm, instance=found)
    said = _said(found, f"Change {found.name}", "The customer is changed.", "Change customer")
    return form_page(request, form, save, **said)


@permitted(Permission.CONTRACTS)
def supplier_new(request: HttpRequest) -> HttpResponse:
    def save(data: dict[str, Any]) -> str:
        services.supplier_create(actor=actor(request), **data)
        return reverse("customers")

    return form_page(
        request,
        bound(request, SupplierForm),
        save,
        done="The supplier is made.",
        back=reverse("customers"),
        title="New supplier",
        button="Make supplier",
        hint="The company that the proformas come from.",
    )


@permitted(Permission.CONTRACTS)
def supplier_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(selectors.suppliers(), pk=pk)

    def save(data: dict[str, Any]) -> str:
        services.supplier_update(supplier=found, actor=actor(request), **data)
        return reverse("customers")

    return form_page(
        request,
        bound(request, SupplierForm, instance=found),
        save,
        done="The supplier is changed.",
        back=reverse("customers"),
        title=f"Change {found.name}",
        button="Change supplier",
    )


@permitted(Permission.CONTRACTS)
def source_new(request: HttpRequest, pk: int) -> HttpResponse:
    found = _customer(pk)

    def save(data: dict[str, Any]) -> str:
        services.source_create(customer=found, actor=actor(request), **data)
        return _page_of(found)

    initial = {"credential_ref": f"customers/{found.code}/source"}
    said = _said(found, "Add a ticket source", "The ticket source is added.")
    return form_page(request, bound(request, SourceForm, initial=initial), save, **said)


@permitted(Permission.CONTRACTS)
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(selectors.sources(), pk=pk)

    def save(data: dict[str, Any]) -> str:
        services.source_update(source=found, actor=actor(request), **data)
        return _page_of(found.customer)

    said = _said(found.customer, f"Change ticket source '{found.name}'", "The ticket source is changed.")
    hint = "A new mapping needs no new reading: compose a blocked month again and it counts."
    return form_page(request, bound(request, SourceForm, instance=found), save, hint=hint, **said)


@permitted(Permission.CONTRACTS)
def endpoint_new(request: HttpRequest, pk: int) -> HttpResponse:
    found = _customer(pk)

    def save(data: dict[str, Any]) -> str:
        services.endpoint_create(customer=found, actor=actor(request), **data)
        return _page_of(found)

    initial = {name: f"customers/{found.code}/{last}" for name, last in ENDPOINT_CREDENTIALS.items()}
    said = _said(found, "Add an SAP endpoint", "The SAP endpoint is added.")
    return form_page(request, bound(request, EndpointForm, initial=initial), save, **said)


@permitted(Permission.CONTRACTS)
def endpoint_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(selectors.endpoints(), pk=pk)

    def save(data: dict[str, Any]) -> str:
        services.endpoint_update(endpoint=found, actor=actor(request), **data)
        return _page_of(found.customer)

    said = _said(found.customer, f"Change SAP endpoint '{found.name}'", "The SAP endpoint is changed.")
    return form_page(request, bound(request, EndpointForm, instance=found), save, **said)


ENDPOINT_CREDENTIALS = {"credential_ref": "sap", "inbound_credential_ref": "inbound"}


def _customer(pk: int) -> Customer:
    return get_object_or_404(selectors.customers(), pk=pk)


def _page_of(customer: Customer) -> str:
    return reverse("customer", args=[customer.pk])


def _said(customer: Customer, title: str, done: str, button: str = "") -> dict[str, Any]:
    said = {"title": title, "done": done, "button": button or title.split(" '")[0]}
    return {**said, "back": _page_of(customer), "above": customer.name}
