"""One proforma: what it says, the proof that it is complete, its history, and the moves it allows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import Permission
from portal.audit.selectors import entries_of
from portal.domain.completeness import findings
from portal.domain.errors import Problem
from portal.domain.rating import Box
from portal.proformas import selectors, services
from portal.proformas.content import delivery_warnings, version_of
from portal.proformas.models import Proforma
from portal.web import dispatch
from portal.web.access import permitted
from portal.web.actions import actions_for
from portal.web.forms.months import ReasonForm
from portal.web.pages import REFUSED, actor, asked, bound, button, form_page, page_of, show

LATEST = 12
"""entries of the history that the page itself shows"""


@permitted(Permission.VIEW)
@require_safe
def proforma(request: HttpRequest, pk: int) -> HttpResponse:
    return proforma_page(request, proforma_get(pk))


@permitted(Permission.VIEW)
@require_safe
def proforma_dispatch(request: HttpRequest, pk: int) -> HttpResponse:
    """Documents and delivery, which htmx asks for while a worker is at them."""
    found = proforma_get(pk)
    return show(request, "web/parts/dispatch.html", proforma=found, **dispatch.context(found))


@permitted(Permission.VIEW)
@require_safe
def proforma_tickets(request: HttpRequest, pk: int) -> HttpResponse:
    """The tickets of one box, or of one reason in it."""
    found = proforma_get(pk)
    box, reason, number = (asked(request, name) for name in ("box", "reason", "number"))
    rows = selectors.boxed_tickets(found, box, reason)
    if number:
        rows = rows.filter(snapshot__number__icontains=number)
    return show(
        request,
        "web/tickets.html",
        proforma=found,
        rows=page_of(request, rows),
        box=box,
        reason=reason,
        number=number,
        boxes=selectors.boxes_of(found).boxes,
    )


@permitted(Permission.VIEW)
@require_safe
def proforma_history(request: HttpRequest, pk: int) -> HttpResponse:
    found = proforma_get(pk)
    entries = page_of(request, entries_of("proformas_proforma", pk).reverse(), 50)
    return show(request, "web/proforma_history.html", proforma=found, entries=entries)


@permitted(Permission.PREPARE)
@require_POST
def proforma_submit(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, pk, services.proforma_submit, "It is submitted; an approver reviews it now.")


@permitted(Permission.APPROVE)
@require_POST
def proforma_approve(request: HttpRequest, pk: int) -> HttpResponse:
    return _moved(request, pk, services.proforma_approve, "It is approved and can be issued.")


@permitted(Permission.EDIT)
def proforma_send_back(request: HttpRequest, pk: int) -> HttpResponse:
    found, there = proforma_get(pk), reverse("proforma", args=[pk])

    def save(data: dict[str, Any]) -> str:
        services.proforma_send_back(proforma=found, reason=data["reason"], actor=actor(request))
        return there

    return form_page(
        request,
        bound(request, ReasonForm),
        save,
        done="It is a draft again; its preparer sees your reason.",
        back=there,
        title="Send back to the preparer",
        button="Send back",
        hint="An approval is void then." if found.state == "approved" else "",
    )


@permitted(Permission.APPROVE)
def proforma_issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first: what is issued stays for ever and is sent to the customer."""
    found = proforma_get(pk)
    if request.method == "POST":
        return _moved(request, pk, services.proforma_issue, "It is issued. Documents are made, then it is delivered.")
    actions = actions_for(request.user, found)  # type: ignore[arg-type]
    return show(request, "web/proforma_issue.html", proforma=found, actions=actions, seen=version_of(found))


def proforma_get(pk: int) -> Proforma:
    return get_object_or_404(selectors.proformas(), pk=pk)


def proforma_page(request: HttpRequest, found: Proforma, problem: Problem | None = None) -> HttpResponse:
    account = selectors.boxes_of(found)
    entries = entries_of("proformas_proforma", found.pk)
    context = {
        "proforma": found,
        "problem": problem,
        "lines": selectors.lines_of(found),
        "account": account,
        "counts": [(box.value, account.count(box)) for box in Box],
        "seen": version_of(found),
        "unproven": findings(account),
        "warnings": delivery_warnings(found),
        "carried": selectors.boxed_tickets(found, Box.CARRIED_OVER)[:20],
        "run": selectors.run_of(found.contract, found.period),
        "entries": entries.reverse()[:LATEST],
        "older": max(0, entries.count() - LATEST),
        "actions": actions_for(request.user, found),  # type: ignore[arg-type]
    }
    return show(request, "web/proforma.html", status=REFUSED if problem else 200, **context, **dispatch.context(found))


def _moved(request: HttpRequest, pk: int, service: Any, done: str) -> HttpResponse:
    found = proforma_get(pk)

    def act() -> None:
        service(proforma=found, actor=actor(request), seen=request.POST.get("seen", ""))
        dispatch.hurry()

    answer = button(request, act, done=done, to=reverse("proforma", args=[pk]))
    return proforma_page(request, proforma_get(pk), answer) if isinstance(answer, Problem) else answer
