"""Signing in: basic, or a token by OAuth's password or client-credentials grant (RFC 6749, 4.3 and 4.4).

Credential fields: `grant` (basic, password or client_credentials; if left out, the one that fits the other fields),
`username`, `password`, `client_id`, `client_secret`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from portal.domain.errors import SourceError
from portal.domain.sources import Credential
from portal.lib.http import Answer, Http

NEEDED = {
    "basic": ("username", "password"),
    "password": ("client_id", "client_secret", "username", "password"),
    "client_credentials": ("client_id", "client_secret"),
}
TOKEN_PATH = "/oauth_token.do"  # noqa: S105  a path
EARLY = 60.0
"""seconds before its end at which a token is no longer used"""
SHORTEST_LIFE = 30.0


def grant_of(credential: Credential) -> str:
    """The grant that a credential asks for. Raises SourceError when fields are missing."""
    fitting = "basic" if not credential.get("client_id") else "password"
    fitting = fitting if credential.get("username") else "client_credentials"
    grant = credential.get("grant", fitting)
    if grant not in NEEDED:
        raise _incomplete(f"The grant is none of {', '.join(NEEDED)}.")
    if missing := [name for name in NEEDED[grant] if not credential.get(name)]:
        raise _incomplete(f"The credential lacks {', '.join(missing)} for the grant {grant}.")
    return grant


def _incomplete(what: str) -> SourceError:
    return SourceError(what, where="ServiceNow source, credential", remedy="Complete the credential.")


class BearerToken(AuthBase):
    """A token that is fetched when it is first needed and kept until shortly before it ends. Safe for threads."""

    def __init__(self, http: Http, credential: Credential, grant: str, clock: Callable[[], float] = time.monotonic):
        self._http, self._credential, self._grant, self._clock = http, credential, grant, clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.current()}"
        return request

    def current(self) -> str:
        """The token. Raises HttpError or SourceError when none is given."""
        with self._lock:
            if not self._token or self._clock() >= self._ends:
                self._fetch()
            return self._token

    def discard(self, stale: str) -> None:
        """Forget a token that was refused, unless another thread has renewed it meanwhile."""
        with self._lock:
            if self._token == stale:
                self._token = ""

    def _fetch(self) -> None:
        answer = self._http.repeated(self._ask)
        data = answer.json()
        token = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token:
            raise SourceError(
                "The token endpoint gave no token.",
                where=answer.where,
                remedy="Check that the grant is switched on for this client in ServiceNow's application registry.",
            )
        self._token = token
        self._ends = self._clock() + max(SHORTEST_LIFE, _seconds(data.get("expires_in")) - EARLY)

    def _ask(self) -> Answer:
        """Asking for a token changes nothing over there, so it may be repeated. Raises HttpError."""
        names = NEEDED[self._grant]
        form = {"grant_type": self._grant, **{name: self._credential.get(name) for name in names}}
        answer = self._http.post(TOKEN_PATH, form, {"Accept": "application/json"})
        if answer.status != 200:
            raise answer.refusal()
        return answer


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
