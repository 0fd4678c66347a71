"""Start a month, watch it, and decide about what blocks it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import Permission
from portal.contracts import selectors as contracts
from portal.domain.errors import InputError, Problem
from portal.proformas import selectors, services
from portal.proformas.models import MonthRun
from portal.web.access import permitted
from portal.web.dispatch import hurry
from portal.web.findings import findings_of, numbers_of
from portal.web.forms.months import DecisionForm, MonthForm, ReasonForm
from portal.web.pages import REFUSED, actor, asked, bound, button, form_page, page_of, show


@permitted(Permission.PREPARE)
def month_new(request: HttpRequest) -> HttpResponse:
    first = contracts.contract_first(asked(request, "contract"))
    initial = {"contract": first, "period": contracts.period_default(first) if first else ""}

    def save(data: dict[str, Any]) -> str:
        run = services.month_start(contract=data["contract"], period=data["period"], actor=actor(request))
        hurry()
        return reverse("month", args=[run.pk])

    return form_page(
        request,
        bound(request, MonthForm, initial=initial),
        save,
        done="The month is started.",
        back=reverse("home"),
        title="Start a month",
        button="Start",
        hint="Its tickets are collected, rated and composed to a draft. Nothing is sent before it is issued.",
    )


@permitted(Permission.VIEW)
@require_safe
def month(request: HttpRequest, pk: int) -> HttpResponse:
    return _month_page(request, _run(pk))


@permitted(Permission.VIEW)
@require_safe
def month_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that htmx asks for every second while the month is being worked on."""
    return show(request, "web/parts/progress.html", **_context(request, _run(pk)))


@permitted(Permission.PREPARE)
@require_POST
def month_resume(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(pk)

    def act() -> None:
        services.month_resume(run=run, actor=actor(request))
        hurry()

    return _answered(request, run, button(request, act, done="", to=reverse("month", args=[pk])))


@permitted(Permission.PREPARE)
def month_recollect(request: HttpRequest, pk: int) -> HttpResponse:
    run, there = _run(pk), reverse("month", args=[pk])

    def save(data: dict[str, Any]) -> str:
        services.month_recollect(run=run, reason=data["reason"], actor=actor(request))
        hurry()
        return there

    return form_page(
        request,
        bound(request, ReasonForm),
        save,
        done="The month is read anew.",
        back=there,
        title="Read all tickets anew",
        button="Read anew",
        hint="For example after tickets were mended in the customer's system. The draft is made again from what is "
        "read then; edits of its lines are lost. The earlier reading is kept in the record.",
    )


@permitted(Permission.EDIT)
@require_POST
def month_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Exclude or carry over one ticket, or all that are ticked."""
    run, form = _run(pk), DecisionForm(request.POST)
    if not form.is_valid():
        what = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _month_page(request, run, Problem("input.refused", what, kept="Nothing was decided."), form)

    def act() -> None:
        _decide(request, run, request.POST.getlist("keys"), form.cleaned_data["box"], form.cleaned_data["reason"])

    done = "Decided. Compose again when all is decided."
    return _answered(request, run, button(request, act, done=done, to=reverse("month", args=[pk])), form)


@permitted(Permission.EDIT)
@require_POST
def month_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """An earlier decision does not count any more; it stays in the record."""
    run = _run(pk)

    def act() -> None:
        _decide(request, run, request.POST.getlist("keys"), "", "taken back")

    return _answered(
        request, run, button(request, act, done="The decision is taken back.", to=reverse("month", args=[pk]))
    )


def _decide(request: HttpRequest, run: MonthRun, keys: list[str], box: str, reason: str) -> None:
    """All of them or, where one is refused, none."""
    numbers = numbers_of(run)
    if not keys:
        raise InputError("No ticket is ticked.", kept="Nothing was decided.", remedy="Tick one or more.")
    if not set(keys) <= set(numbers):
        raise InputError("The month is not blocked by such a ticket.", kept="Nothing was decided.", remedy="Reload.")
    for key in keys:
        services.decision_record(
            contract=run.contract,
            period=run.period,
            source_key=key,
            number=numbers[key],
            box=box,
            reason=reason,
            actor=actor(request),
        )


def _run(pk: int) -> MonthRun:
    return get_object_or_404(selectors.runs(), pk=pk)


def _answered(
    request: HttpRequest, run: MonthRun, answer: HttpResponse | Problem, form: DecisionForm | None = None
) -> HttpResponse:
    return _month_page(request, run, answer, form) if isinstance(answer, Problem) else answer


def _month_page(
    request: HttpRequest, run: MonthRun, problem: Problem | None = None, form: DecisionForm | None = None
) -> HttpResponse:
    context = _context(request, run) | {"problem": problem}
    if form is not None:
        context["form"] = form
    return show(request, "web/month.html", status=REFUSED if problem else 200, **context)


def _context(request: HttpRequest, run: MonthRun) -> dict[str, Any]:
    found = findings_of(run)
    return {
        "run": run,
        "proforma": selectors.proforma_of(run.contract, run.period),
        "findings": page_of(request, found),
        "undecided": sum(1 for finding in found if finding.key and not finding.decision),
        "decisions": selectors.decisions_of(run.contract, run.period),
        "form": DecisionForm(),
    }
