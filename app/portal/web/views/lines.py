"""Lines of a proforma that is not approved: add, change, remove, and take tickets off."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.access import Permission
from portal.domain.composing import Origin
from portal.proformas import selectors, services
from portal.proformas.models import Line
from portal.web.access import permitted
from portal.web.actions import actions_for
from portal.web.forms.lines import (
    LineAddForm,
    LineChangeForm,
    LineRemoveForm,
    TicketLineChangeForm,
    TicketLineRemoveForm,
    TicketsMoveForm,
)
from portal.web.pages import actor, asked, bound, form_page, page_of, show
from portal.web.views.proformas import proforma_get


@permitted(Permission.EDIT)
def line_add(request: HttpRequest, pk: int) -> HttpResponse:
    proforma = proforma_get(pk)

    def save(data: dict[str, Any]) -> str:
        services.line_add(proforma=proforma, actor=actor(request), **data)
        return _page_of(pk)

    return form_page(
        request,
        bound(request, LineAddForm),
        save,
        done="The line is added.",
        back=_page_of(pk),
        title="Add a line",
        button="Add line",
        **_warning(request, proforma),
    )


@permitted(Permission.EDIT)
def line_change(request: HttpRequest, pk: int) -> HttpResponse:
    line = _line(pk)
    kind = TicketLineChangeForm if line.origin == Origin.TICKETS else LineChangeForm
    initial = {"description": line.description, "quantity": line.quantity, "unit_price": line.unit_price}

    def save(data: dict[str, Any]) -> str:
        services.line_change(line=line, actor=actor(request), **({"quantity": line.quantity} | data))
        return _page_of(line.proforma_id)

    return form_page(
        request,
        bound(request, kind, initial=initial),
        save,
        done="The line is changed.",
        back=_page_of(line.proforma_id),
        title=f"Change line {line.position}",
        button="Change line",
        **_warning(request, line.proforma),
    )


@permitted(Permission.EDIT)
def line_remove(request: HttpRequest, pk: int) -> HttpResponse:
    line = _line(pk)
    kind = TicketLineRemoveForm if line.origin == Origin.TICKETS else LineRemoveForm

    def save(data: dict[str, Any]) -> str:
        services.line_remove(line=line, actor=actor(request), **data)
        return _page_of(line.proforma_id)

    return form_page(
        request,
        bound(request, kind),
        save,
        done="The line is removed.",
        back=_page_of(line.proforma_id),
        title=f"Remove line {line.position}: {line.description}",
        button="Remove line",
        **_warning(request, line.proforma),
    )


@permitted(Permission.VIEW)
@require_safe
def line_tickets(request: HttpRequest, pk: int) -> HttpResponse:
    return _tickets_page(request, _line(pk), TicketsMoveForm())


@permitted(Permission.EDIT)
def line_tickets_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Take ticked or typed tickets off the line."""
    line = _line(pk)

    def save(data: dict[str, Any]) -> str:
        services.tickets_move(line=line, actor=actor(request), **data)
        return _page_of(line.proforma_id)

    return form_page(
        request,
        bound(request, TicketsMoveForm),
        save,
        done="The tickets are off the line, and its amount follows.",
        back=reverse("line_tickets", args=[pk]),
        template="web/line_tickets.html",
        **_tickets_context(request, line),
    )


def _tickets_page(request: HttpRequest, line: Line, form: TicketsMoveForm) -> HttpResponse:
    return show(request, "web/line_tickets.html", form=form, **_tickets_context(request, line))


def _tickets_context(request: HttpRequest, line: Line) -> dict[str, Any]:
    """The list, filtered by number or summary, and what was ticked before."""
    wanted = asked(request, "q")
    return {
        "line": line,
        "proforma": line.proforma,
        "rows": page_of(request, selectors.tickets_matching(line, wanted)),
        "q": wanted,
        "ticked": request.POST.getlist("ticked"),
        "actions": actions_for(request.user, line.proforma),  # type: ignore[arg-type]
    }


def _line(pk: int) -> Line:
    return get_object_or_404(selectors.lines(), pk=pk)


def _page_of(proforma_pk: int) -> str:
    return reverse("proforma", args=[proforma_pk])


def _warning(request: HttpRequest, proforma: Any) -> dict[str, str]:
    """Said before an approver edits."""
    warns = actions_for(request.user, proforma).edit_warns  # type: ignore[arg-type]
    return {"hint": "Whoever edits a proforma cannot approve it: another approver will have to." if warns else ""}
