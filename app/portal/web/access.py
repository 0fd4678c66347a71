"""Deny by default: every view names the permissions that open it; one that names none opens for nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

from portal.accounts.access import AccessError, Permission, may
from portal.accounts.models import User
from portal.domain.errors import PortalError
from portal.web.pages import problem_page

View = Callable[..., HttpResponseBase]
SIGNED_IN = "signed in"
PUBLIC = "public"


def permitted(*needed: Permission) -> Callable[[View], View]:
    """Opens for people who hold one of the permissions."""

    def mark(view: View) -> View:
        view.opens_for = frozenset(needed)  # type: ignore[attr-defined]
        return view

    return mark


def signed_in(view: View) -> View:
    """Opens for everybody who is signed in, roles or not; for leaving and for one's own password."""
    view.opens_for = SIGNED_IN  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """Opens for anybody who reaches the portal; the view itself says why that is right."""
    view = login_not_required(view)
    view.opens_for = PUBLIC  # type: ignore[attr-defined]
    return view


def opens(view: Any, user: Any) -> bool:
    """Whether a view opens for a person."""
    needed: Any = getattr(view, "opens_for", frozenset())
    if needed == PUBLIC:
        return True
    if needed == SIGNED_IN:
        return isinstance(user, User) and user.is_active
    return any(may(user, permission) for permission in needed)


class AccessMiddleware:
    """Asks `opens` before every view, and turns the portal's own errors into a page that helps."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated:
            patch_cache_control(
                response, private=True, no_store=True
            )  # nothing is left in the browser after signing out
        return response

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        if opens(view, request.user):
            return None
        return problem_page(request, _refusal(request.user).problem, status=403)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, PortalError):
            return None
        return problem_page(request, error.problem, status=403 if isinstance(error, AccessError) else 409)


def _refusal(user: Any) -> AccessError:
    if not getattr(user, "roles", None):
        return AccessError(
            "You have no role yet.", kept="You are signed in.", remedy="An administrator gives roles under People."
        )
    return AccessError("Your roles do not open this page.", remedy="An administrator gives roles under People.")
