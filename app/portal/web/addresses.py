"""From which address a request came, for the lock against guessed passwords."""

from __future__ import annotations

from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The peer's own address; over a socket file, which nginx alone may open, the one that nginx noted."""
    return request.META.get("REMOTE_ADDR") or request.headers.get("X-Real-IP", "")
