"""The first page: months, where they stand, and what waits for the person who looks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.accounts.access import Permission, may
from portal.contracts import selectors as contracts
from portal.web import board, dispatch
from portal.web.access import permitted
from portal.web.pages import asked, page_of, show

SHOWN: dict[str, bool | None] = {"all": None, "open": False, "issued": True}


@permitted(Permission.VIEW, Permission.USERS)
def home(request: HttpRequest) -> HttpResponse:
    if not may(request.user, Permission.VIEW):
        return redirect("people")
    state, customer = asked(request, "state") or "all", asked(request, "customer")
    months = board.months(customer=customer, issued=SHOWN.get(state))
    return show(
        request,
        "web/home.html",
        months=page_of(request, months, 30),
        waiting=board.waiting(request.user, board.months()),  # type: ignore[arg-type]
        customers=contracts.customers(),
        unmatched=dispatch.unmatched_count(),
        state=state,
        customer=customer,
    )
