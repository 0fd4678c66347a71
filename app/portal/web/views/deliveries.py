"""What a person can do about documents and deliveries: ask, send again, note what the customer said."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.access import Permission
from portal.delivery import selectors, services
from portal.delivery.models import SENDING, UNKNOWN, Delivery
from portal.documents import selectors as documents
from portal.documents import services as rendering
from portal.domain.errors import InputError
from portal.web.access import permitted
from portal.web.dispatch import hurry
from portal.web.forms.deliveries import RetryForm, SettleForm, UnclearRetryForm
from portal.web.pages import actor, bound, form_page, page_of, show
from portal.web.views.proformas import proforma_get


@permitted(Permission.DELIVER)
def delivery_retry(request: HttpRequest, pk: int) -> HttpResponse:
    found = _delivery(pk)
    kind = UnclearRetryForm if found.phase in (UNKNOWN, SENDING) else RetryForm

    def save(data: dict[str, Any]) -> str:
        services.delivery_retry(delivery=found, actor=actor(request), **data)
        hurry()
        return _page_of(found.proforma_id)

    said = _said(found, "Send again", "It is sent again.")
    return form_page(request, bound(request, kind), save, **said)


@permitted(Permission.DELIVER)
def delivery_ask(request: HttpRequest, pk: int) -> HttpResponse:
    found = _delivery(pk)

    def save(data: dict[str, Any]) -> str:
        services.delivery_ask(delivery=found, actor=actor(request), **data)
        hurry()
        return _page_of(found.proforma_id)

    said = _said(found, "Ask the receiver now", "The receiver is asked.")
    return form_page(request, bound(request, RetryForm), save, **said)


@permitted(Permission.DELIVER)
def delivery_settle(request: HttpRequest, pk: int) -> HttpResponse:
    found = _delivery(pk)

    def save(data: dict[str, Any]) -> str:
        services.delivery_settle(delivery=found, actor=actor(request), **data)
        return _page_of(found.proforma_id)

    hint = "For when no acknowledgement comes. One that comes later still counts where it says more."
    said = _said(found, "Note what the customer said", "It is noted.")
    return form_page(request, bound(request, SettleForm), save, hint=hint, **said)


@permitted(Permission.DELIVER)
def rendering_retry(request: HttpRequest, pk: int) -> HttpResponse:
    proforma = proforma_get(pk)
    unit = documents.rendering_of(proforma)

    def save(data: dict[str, Any]) -> str:
        if unit is None:
            raise InputError("Nothing was rendered yet.", kept="Nothing was changed.", remedy="Wait for a worker.")
        rendering.rendering_retry(rendering=unit, actor=actor(request), **data)
        hurry()
        return _page_of(pk)

    return form_page(
        request,
        bound(request, RetryForm),
        save,
        done="The missing documents are made.",
        back=_page_of(pk),
        title="Make the documents again",
        button="Make them again",
        above=str(proforma),
        hint="Documents that are there stay as they are.",
    )


@permitted(Permission.VIEW)
@require_safe
def acknowledgements(request: HttpRequest) -> HttpResponse:
    """What came back and fits no delivery, or could not be read."""
    rows = page_of(request, selectors.acknowledgements_unmatched())
    return show(request, "web/acknowledgements.html", rows=rows)


def _delivery(pk: int) -> Delivery:
    return get_object_or_404(selectors.deliveries(), pk=pk)


def _page_of(proforma_pk: int) -> str:
    return reverse("proforma", args=[proforma_pk])


def _said(found: Delivery, title: str, done: str) -> dict[str, Any]:
    above = f"{found.document.name} to {found.endpoint.name}"
    return {"title": title, "button": title, "done": done, "back": _page_of(found.proforma_id), "above": above}
