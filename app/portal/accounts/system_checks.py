"""System checks of the settings that protect people's sign-in and the pseudonyms of callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

MODES = ("production", "test")
SHORTEST, LEAST_DIFFERENT = 32, 8
MAKE_ONE = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"


@register(Tags.security)
def settings_check(**_: Any) -> list[CheckMessage]:
    """In production; a rehearsal on one machine may be weaker. The mode itself is checked everywhere."""
    found = list(_mode())
    return found if settings.TEST_MODE else [*found, *_debug(), *_keys(), *_hosts(), *_cookies()]


def _mode() -> Iterator[CheckMessage]:
    mode = settings.ENV["MODE"]
    if mode not in MODES:
        yield Error(
            f"PROFORMA_MODE is '{mode}'.", hint=f"It is {' or '.join(MODES)}; until then: production.", id="portal.E010"
        )


def _debug() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        hint = "Error pages would show rows and settings to whoever causes an error. Set DEBUG to False."
        yield Error("DEBUG is on in production.", hint=hint, id="portal.E011")


def _keys() -> Iterator[CheckMessage]:
    for name, number in (("SECRET_KEY", "12"), ("PSEUDONYM_KEY", "13")):
        if weak(str(getattr(settings, name))):
            what = f"PROFORMA_{name} is short or monotonous enough to be guessed."
            yield Error(what, hint=f"{MAKE_ONE}, and hand it in as PROFORMA_{name}_FILE.", id=f"portal.E0{number}")
    if settings.SECRET_KEY == settings.PSEUDONYM_KEY:
        yield Error(
            "PROFORMA_SECRET_KEY and PROFORMA_PSEUDONYM_KEY are the same.",
            hint="The signing key is changed now and then; pseudonyms would change with it. Use two.",
            id="portal.E014",
        )


def weak(key: str) -> bool:
    """Too short, too few different characters, or an example that was never replaced."""
    return len(key) < SHORTEST or len(set(key)) < LEAST_DIFFERENT or key.startswith(("django-insecure", "changeme"))


def _hosts() -> Iterator[CheckMessage]:
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "PROFORMA_ALLOWED_HOSTS names no host, or every host.",
            hint="Name the hosts that staff type in, separated by commas.",
            id="portal.E015",
        )


def _cookies() -> Iterator[CheckMessage]:
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        hint = "Set PROFORMA_SECURE_COOKIES=true and serve the portal over TLS."
        yield Warning("Cookies also travel without TLS.", hint=hint, id="portal.W016")
