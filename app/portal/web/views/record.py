"""The audit record, for auditors: every entry, and whether the chain is whole."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.access import Permission
from portal.audit import selectors
from portal.audit.models import Entry
from portal.domain.errors import Problem
from portal.web.access import permitted
from portal.web.pages import asked, page_of, show


@permitted(Permission.AUDIT)
@require_safe
def record(request: HttpRequest) -> HttpResponse:
    return _record_page(request)


@permitted(Permission.AUDIT)
@require_POST
def record_check(request: HttpRequest) -> HttpResponse:
    """Reads the whole record, so it is asked for by a button."""
    return _record_page(request, problems=selectors.chain_problems())


def _record_page(request: HttpRequest, problems: list[Problem] | None = None) -> HttpResponse:
    who, what = asked(request, "actor"), asked(request, "subject")
    entries = selectors.entries_recent()
    if who:
        entries = entries.filter(actor=who)
    if what:
        entries = entries.filter(subject=what)
    return show(
        request,
        "web/record.html",
        entries=page_of(request, entries, 50),
        who=who,
        what=what,
        total=Entry.objects.count(),
        problems=problems,
    )
