"""What views have in common: show a page, run a service behind a form, go on after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.accounts.access import AccessError
from portal.domain.errors import PortalError, Problem
from portal.web.forms.base import PortalFormMixin
from portal.web.services import AlreadyDoneError, submission_claim

PAGE_SIZE = 100
REFUSED = 422


def actor(request: HttpRequest) -> str:
    """The user name that services and the audit record know a person by."""
    return request.user.get_username()


def asked(request: HttpRequest, name: str) -> str:
    """A value of the query, without what no text column can hold."""
    return request.GET.get(name, "").replace("\0", "").strip()


def show(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, template, context, status=status)


def problem_page(request: HttpRequest, problem: Problem, *, status: int) -> HttpResponse:
    """A page of its own for what has no form to stand beside."""
    return show(request, "web/problem.html", status=status, problem=problem)


def page_of(request: HttpRequest, rows: QuerySet[Any] | list[Any], size: int = PAGE_SIZE) -> Page[Any]:
    """The page that `?page=` asks for; the nearest one where there is no such page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def form_page(
    request: HttpRequest,
    form: PortalFormMixin,
    save: Callable[[dict[str, Any]], str],
    *,
    done: str,
    back: str,
    template: str = "web/form.html",
    **context: Any,
) -> HttpResponse:
    """Show a form; on POST run `save`, which writes by a service and returns the address to go to.

    What the service refuses stands above the form, and everything entered stays in it. The same form sent twice is
    carried out once. `done` is said on the next page; `back` is where Cancel leads.
    """
    if request.method == "POST" and form.is_valid():
        try:
            target = once(request, lambda: save(form.cleaned_data), back)
        except AccessError:
            raise
        except PortalError as error:
            form.problem = error.problem
        else:
            messages.success(request, done)
            return redirect(target)
    return show(request, template, status=REFUSED if form.is_bound else 200, form=form, back=back, **context)


def button(request: HttpRequest, act: Callable[[], object], *, done: str, to: str) -> HttpResponse | Problem:
    """Run a service behind a form that is a button alone. Returns the problem when it refuses, else the redirect."""
    try:
        target = once(request, lambda: (act(), to)[1], to)
    except AccessError:
        raise
    except PortalError as error:
        return error.problem
    if done:
        messages.success(request, done)
    return redirect(target)


def once(request: HttpRequest, act: Callable[[], str], otherwise: str) -> str:
    """Run `act` unless this very form was carried out before; then go to `otherwise` without a word of error."""
    try:
        with transaction.atomic():
            submission_claim(request.POST.get("once", ""))
            return act()
    except AlreadyDoneError:
        return otherwise


def bound(request: HttpRequest, kind: Callable[..., Any], **given: Any) -> Any:
    """A form filled from a POST, else from its initial values."""
    return kind(request.POST if request.method == "POST" else None, **given)
