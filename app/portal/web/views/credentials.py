"""Credentials of customers' systems, for administrators: set, and never shown again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from portal.accounts.access import Permission
from portal.contracts import sealed
from portal.web.access import permitted
from portal.web.forms.credentials import CredentialForm
from portal.web.pages import actor, bound, form_page, show


@permitted(Permission.CREDENTIALS)
@require_safe
def credentials(request: HttpRequest) -> HttpResponse:
    possible = bool(settings.SEALING_PUBLIC_KEY)
    return show(request, "web/credentials.html", references=sealed.references(), possible=possible)


@permitted(Permission.CREDENTIALS)
@sensitive_post_parameters()
def credential_set(request: HttpRequest, reference: str) -> HttpResponse:
    form = bound(request, CredentialForm)

    def save(_data: dict[str, Any]) -> str:
        sealed.credential_set(reference=reference, fields=form.fields_given(), actor=actor(request))
        return reverse("credentials")

    return form_page(
        request,
        form,
        save,
        done="The credential is set; workers use it from now on.",
        back=reverse("credentials"),
        title="Set a credential",
        button="Set credential",
        above=reference,
        hint="It is sealed at once: workers can open it, this portal and its administrators cannot. "
        "The record notes that you set it, never what.",
    )
