"""People, for administrators: make, give roles, switch off. Nobody is ever deleted: the record names them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.accounts import selectors, services
from portal.accounts.access import PERMISSIONS, Permission
from portal.accounts.models import Role, User
from portal.audit.selectors import entries_of
from portal.domain.errors import InputError, Problem
from portal.web.access import permitted
from portal.web.forms.people import NewPasswordForm, PersonForm, RolesForm
from portal.web.pages import REFUSED, actor, bound, button, form_page, page_of, show

OPENS = {
    Permission.VIEW: "see months, proformas, documents and contracts",
    Permission.PREPARE: "start months, submit proformas",
    Permission.EDIT: "edit lines, decide about tickets, send back",
    Permission.APPROVE: "approve and issue what others prepared",
    Permission.DELIVER: "see to deliveries",
    Permission.CONTRACTS: "change customers, contracts and prices",
    Permission.AUDIT: "read the record",
    Permission.USERS: "make people and give roles",
    Permission.CREDENTIALS: "set credentials of customers' systems",
}


@permitted(Permission.USERS)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    opens = [(role, [OPENS[p] for p in Permission if role in PERMISSIONS[p]]) for role in Role]
    return show(request, "web/people.html", people=page_of(request, selectors.users()), opens=opens)


@permitted(Permission.USERS)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _person_page(request, _person(pk))


@permitted(Permission.USERS)
def person_new(request: HttpRequest) -> HttpResponse:
    def save(data: dict[str, Any]) -> str:
        made = services.user_create(actor=actor(request), **data)
        return reverse("person", args=[made.pk])

    return form_page(
        request,
        bound(request, PersonForm),
        save,
        done="The person can sign in now.",
        back=reverse("people"),
        title="New person",
        button="Make person",
        hint="Hand the first password over in person; they change it under their name.",
    )


@permitted(Permission.USERS)
def person_roles(request: HttpRequest, pk: int) -> HttpResponse:
    found = _person(pk)

    def save(data: dict[str, Any]) -> str:
        services.user_set_roles(user=found, actor=actor(request), **data)
        return _page_of(found)

    form = bound(request, RolesForm, initial={"roles": found.roles})
    return form_page(request, form, save, **_said(found, "Give roles", "The roles are given."))


@permitted(Permission.USERS)
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    found = _person(pk)

    def save(data: dict[str, Any]) -> str:
        services.user_set_password(user=found, actor=actor(request), **data)
        return _page_of(found)

    hint = "For somebody who has forgotten theirs. It stands in the record that you did it, never the password."
    said = _said(found, "Set a new password", "The new password counts; their sessions have ended.")
    return form_page(request, bound(request, NewPasswordForm), save, hint=hint, **said)


@permitted(Permission.USERS)
@require_POST
def person_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off. Nobody switches themselves off: the last administrator would lock everybody out."""
    found, active = _person(pk), request.POST.get("active") == "1"

    def act() -> None:
        if found.username == actor(request):
            raise InputError("Nobody switches themselves off.", kept="Nothing was changed.", remedy="Ask another one.")
        services.user_set_active(user=found, active=active, actor=actor(request))

    done = f"{found.display_name} can {'sign in again' if active else 'no longer sign in'}."
    answer = button(request, act, done=done, to=_page_of(found))
    return _person_page(request, _person(pk), answer) if isinstance(answer, Problem) else answer


def _person(pk: int) -> User:
    return get_object_or_404(selectors.users(), pk=pk)


def _page_of(found: User) -> str:
    return reverse("person", args=[found.pk])


def _person_page(request: HttpRequest, found: User, problem: Problem | None = None) -> HttpResponse:
    entries = page_of(request, entries_of("accounts_user", found.pk).reverse(), 20)
    return show(
        request,
        "web/person.html",
        status=REFUSED if problem else 200,
        person=found,
        roles=[Role(role).label for role in found.roles],
        problem=problem,
        entries=entries,
    )


def _said(found: User, title: str, done: str) -> dict[str, Any]:
    return {"title": title, "button": title, "done": done, "back": _page_of(found), "above": found.display_name}
