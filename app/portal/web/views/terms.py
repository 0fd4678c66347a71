"""Prices and fixed lines of a contract: add, change from a date on, end."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from portal.accounts.access import Permission
from portal.contracts import selectors, services
from portal.contracts.models import Contract, FixedLine, Rate
from portal.web.access import permitted
from portal.web.forms.contracts import (
    EndForm,
    FixedLineAddForm,
    FixedLineChangeForm,
    FixedLineEndForm,
    RateAddForm,
    RateChangeForm,
)
from portal.web.pages import actor, bound, form_page
from portal.web.views.contracts import contract_get


@permitted(Permission.CONTRACTS)
def rate_add(request: HttpRequest, pk: int) -> HttpResponse:
    contract = contract_get(pk)

    def save(data: dict[str, Any]) -> str:
        services.rate_add(contract=contract, actor=actor(request), **data)
        return _page_of(contract)

    form = bound(request, RateAddForm, initial={"valid_from": contract.valid_from})
    return form_page(request, form, save, **_said(contract, "Add a price", "The price is added."))


@permitted(Permission.CONTRACTS)
def rate_change(request: HttpRequest, pk: int) -> HttpResponse:
    rate = _rate(pk)

    def save(data: dict[str, Any]) -> str:
        services.rate_change(rate=rate, actor=actor(request), **data)
        return _page_of(rate.contract)

    form = bound(request, RateChangeForm, initial={"unit_price": rate.unit_price, "description": rate.description})
    said = _said(rate.contract, f"Change the price of '{rate.description}'", "The price is changed.")
    return form_page(request, form, save, **said)


@permitted(Permission.CONTRACTS)
def rate_end(request: HttpRequest, pk: int) -> HttpResponse:
    rate = _rate(pk)

    def save(data: dict[str, Any]) -> str:
        services.rate_end(rate=rate, actor=actor(request), **data)
        return _page_of(rate.contract)

    said = _said(rate.contract, f"End the price of '{rate.description}'", "The price ends.")
    hint = "Tickets of later days that no other price fits stop their month."
    return form_page(request, bound(request, EndForm), save, hint=hint, **said)


@permitted(Permission.CONTRACTS)
def fixed_line_add(request: HttpRequest, pk: int) -> HttpResponse:
    contract = contract_get(pk)

    def save(data: dict[str, Any]) -> str:
        services.fixed_line_add(contract=contract, actor=actor(request), **data)
        return _page_of(contract)

    form = bound(request, FixedLineAddForm, initial={"valid_from": contract.valid_from.replace(day=1)})
    return form_page(request, form, save, **_said(contract, "Add a fixed line", "The line is added."))


@permitted(Permission.CONTRACTS)
def fixed_line_change(request: HttpRequest, pk: int) -> HttpResponse:
    line = _fixed_line(pk)

    def save(data: dict[str, Any]) -> str:
        services.fixed_line_change(fixed_line=line, actor=actor(request), **data)
        return _page_of(line.contract)

    initial = {"quantity": line.quantity, "unit_price": line.unit_price, "description": line.description}
    said = _said(line.contract, f"Change '{line.description}'", "The line is changed.")
    return form_page(request, bound(request, FixedLineChangeForm, initial=initial), save, **said)


@permitted(Permission.CONTRACTS)
def fixed_line_end(request: HttpRequest, pk: int) -> HttpResponse:
    line = _fixed_line(pk)

    def save(data: dict[str, Any]) -> str:
        services.fixed_line_end(fixed_line=line, actor=actor(request), **data)
        return _page_of(line.contract)

    said = _said(line.contract, f"End '{line.description}'", "The line ends.")
    return form_page(request, bound(request, FixedLineEndForm), save, **said)


def _rate(pk: int) -> Rate:
    return get_object_or_404(selectors.rates(), pk=pk)


def _fixed_line(pk: int) -> FixedLine:
    return get_object_or_404(selectors.fixed_lines(), pk=pk)


def _page_of(contract: Contract) -> str:
    return reverse("contract", args=[contract.pk])


def _said(contract: Contract, title: str, done: str) -> dict[str, Any]:
    return {
        "title": title,
        "button": title.split(" '")[0],
        "done": done,
        "back": _page_of(contract),
        "above": f"{contract.number} {contract.title}",
    }
