"""Signing in and out, and one's own password."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from portal.accounts import selectors
from portal.accounts.services import user_set_password
from portal.audit.services import acting, record
from portal.domain.errors import InputError
from portal.web.access import public, signed_in
from portal.web.forms.people import OwnPasswordForm, SignInForm
from portal.web.pages import actor, bound, form_page


class SignIn(LoginView):
    """Who gets in and who is turned away stands in the record; of strangers only that, since a slip of the hand may
    put a password into the field for the name."""

    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A part of a page that htmx asks for after the session has ended sends the whole page here."""
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
        if htmx:
            return HttpResponseClientRedirect(
                f"{reverse('sign_in')}?{urlencode({'next': htmx.current_url_abs_path or '/'})}"
            )
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = _name(request.POST.get("username", "")) or "nobody"
        with acting(name, "sign-in"):  # Django may renew the password's hash here, which is a change of the person
            return super().post(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        person = form.get_user()
        record(actor=person.username, action="signed_in", subject="accounts_user", subject_id=str(person.pk))
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        if person := selectors.user_by_name(_name(form.data.get("username", ""))):
            record(actor=person.username, action="sign_in_refused", subject="accounts_user", subject_id=str(person.pk))
        response = super().form_invalid(form)
        response.status_code = 422
        return response


def _name(given: str) -> str:
    """A user name as the database can hold it."""
    return given.replace("\0", "")[:150]


sign_in = public(SignIn.as_view())
sign_out = signed_in(LogoutView.as_view())


@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; the other sessions of this person end."""
    person = selectors.user_by_name(actor(request))

    def save(data: dict[str, Any]) -> str:
        if person is None or not person.check_password(data["current"]):
            raise InputError("The present password is not right.", kept="The old password stays.")
        user_set_password(user=person, password=data["password"], actor=person.username)
        update_session_auth_hash(request, person)
        return reverse("home")

    return form_page(
        request,
        bound(request, OwnPasswordForm),
        save,
        done="Your password is changed.",
        back=reverse("home"),
        title="Change your password",
        button="Change password",
    )
