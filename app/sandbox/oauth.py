"""ServiceNow's token endpoint: password, client_credentials and refresh_token grants."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.config import SandboxConfig

REFRESH_SECONDS = 8_640_000


class GrantError(Exception):
    """The grant is refused; the text is OAuth's error code (RFC 6749, 5.2)."""


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    expires: float
    refresh: str = ""


def same(given: str, expected: str) -> bool:
    """Compare in constant time; an expected secret that is empty fits nothing."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def basic(header: str) -> tuple[str, str]:
    """User name and password of an Authorization header; two empty strings when it holds none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password


class Tokens:
    """The tokens handed out since the start; nothing of them is written down."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config, self._secrets = config, config.secrets
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}

    def valid(self, header: str) -> bool:
        """Whether an Authorization header lets its bearer in, by basic auth or by token."""
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            with self._lock:
                token = self._tokens.get(value.strip())
            return token is not None and token.expires > time.monotonic()
        username, password = basic(header)
        return self._is_user(username, password)

    def grant(self, form: Mapping[str, str], header: str) -> dict[str, Any]:
        """The JSON of a new token. Client id and secret are read from the form or from basic auth.

        Raises GrantError.
        """
        client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
        if not client_id:
            client_id, client_secret = basic(header)
        if not (same(client_id, self._secrets.client_id) and same(client_secret, self._secrets.client_secret)):
            raise GrantError("invalid_client")
        grants = {"password": self._password, "refresh_token": self._refresh, "client_credentials": self._client}
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise GrantError("unsupported_grant_type")
        return grant(form)

    def _password(self, form: Mapping[str, str]) -> dict[str, Any]:
        if not self._is_user(form.get("username", ""), form.get("password", "")):
            raise GrantError("access_denied")
        return self._issue(refreshable=True)

    def _refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        given = form.get("refresh_token", "")
        with self._lock:
            known = any(given and token.refresh == given for token in self._tokens.values())
        if not known:
            raise GrantError("invalid_grant")
        return self._issue(refreshable=True, refresh=given)

    def _client(self, _form: Mapping[str, str]) -> dict[str, Any]:
        if not self._config.client_credentials:
            raise GrantError("unauthorized_client")
        return self._issue(refreshable=False)

    def _issue(self, *, refreshable: bool, refresh: str = "") -> dict[str, Any]:
        seconds = self._config.token_seconds
        refresh = (refresh or secrets.token_urlsafe(48)) if refreshable else ""
        token = Token(secrets.token_urlsafe(48), time.monotonic() + seconds, refresh)
        with self._lock:
            self._tokens[token.value] = token
        body = {"access_token": token.value, "scope": "useraccount", "token_type": "Bearer", "expires_in": seconds}
        return {**body, "refresh_token": refresh} if refresh else body

    def _is_user(self, username: str, password: str) -> bool:
        return same(username, self._secrets.servicenow_username) and same(password, self._secrets.servicenow_password)
