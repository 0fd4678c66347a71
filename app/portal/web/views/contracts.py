"""Contracts: the list, one contract with what it prices and priced, make and change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.access import Permission
from portal.audit.selectors import entries_of
from portal.contracts import selectors, services
from portal.contracts.models import Contract
from portal.web import board
from portal.web.access import permitted
from portal.web.forms.contracts import ContractForm
from portal.web.pages import actor, bound, form_page, page_of, show
from portal.web.terms import spans


@permitted(Permission.VIEW)
@require_safe
def contracts(request: HttpRequest) -> HttpResponse:
    return show(request, "web/contracts.html", contracts=page_of(request, selectors.contracts()))


@permitted(Permission.VIEW)
@require_safe
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    found = contract_get(pk)
    today = selectors.today(found)
    return show(
        request,
        "web/contract.html",
        contract=found,
        rates=spans(selectors.rates().filter(contract=found), today),
        fixed_lines=spans(selectors.fixed_lines().filter(contract=found), today),
        months=[month for month in board.months(customer=found.customer.code) if month.run.contract_id == pk][:12],
        entries=page_of(request, entries_of("contracts_contract", pk).reverse(), 20),
    )


@permitted(Permission.CONTRACTS)
def contract_new(request: HttpRequest) -> HttpResponse:
    def save(data: dict[str, Any]) -> str:
        made = services.contract_create(actor=actor(request), **data)
        return reverse("contract", args=[made.pk])

    return form_page(
        request,
        bound(request, ContractForm),
        save,
        done="The contract is made. Enter what it prices now.",
        back=reverse("contracts"),
        title="New contract",
        wide=True,
        button="Make contract",
    )


@permitted(Permission.CONTRACTS)
def contract_edit(request: HttpRequest, pk: int) -> HttpResponse:
    found, there = contract_get(pk), reverse("contract", args=[pk])

    def save(data: dict[str, Any]) -> str:
        services.contract_update(contract=found, actor=actor(request), **data)
        return there

    return form_page(
        request,
        bound(request, ContractForm, instance=found),
        save,
        done="The contract is changed.",
        back=there,
        title=f"Change contract {found.number}",
        wide=True,
        button="Change contract",
        hint="Proformas that are issued keep what they printed.",
    )


def contract_get(pk: int) -> Contract:
    return get_object_or_404(selectors.contracts(), pk=pk)
