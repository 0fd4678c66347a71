"""The only door out: every request that the portal makes to another system goes through `Http`.

It verifies TLS, follows no redirect, keeps no cookie, takes nothing from the environment (a REQUESTS_CA_BUNDLE or a
proxy variable would silently override what the customer's row says), talks to checked addresses only, bounds time and
size, and repeats only what is safe to repeat: `get` and `get_json` are repeated, `post` never is.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError as Urllib3Error

from portal.lib import http_errors
from portal.lib.address_guard import AddressRefused
from portal.lib.http_answers import Answer, JsonAnswer
from portal.lib.http_errors import HttpError
from portal.lib.wire import GuardedAdapter, Wire

__all__ = ["Answer", "Http", "HttpError", "JsonAnswer"]

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
CHUNK = 64 * 1024
LONGEST_WAIT = 120.0
"""seconds; who asks for more is not asked again by this run: the error carries `retry_after` for the next one"""
SANDBOX_HEADER = "X-Proforma-Sandbox"

Auth = AuthBase | tuple[str, str] | None
T = TypeVar("T")


class Http:
    """One system at one base URL. Threads may share it; connections are kept open between requests.

    `timeout`: seconds to connect and between two pieces of an answer; `total`: seconds for one whole answer;
    `attempts`: how often a GET is tried; `allow_loopback`: test mode, which also permits plain http and sandboxes;
    `ca_file`: PEM file of the authorities to trust instead of the public ones; `client_cert`: PEM file, or a pair
    (certificate, key). Raises HttpError at once when the base URL is not allowed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth = None,
        headers: Mapping[str, str] | None = None,
        allow_loopback: bool = False,
        timeout: tuple[float, float] = (5.0, 60.0),
        attempts: int = 5,
        max_bytes: int = MAX_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        total: float = 300.0,
        ca_file: str | None = None,
        client_cert: str | tuple[str, str] | None = None,
    ) -> None:
        self._base_url = _checked_base(base_url, plain=allow_loopback)
        self._auth, self._headers, self._allow_loopback = auth, dict(headers or {}), allow_loopback
        self._timeout, self._total, self._attempts, self._max_bytes = timeout, total, attempts, max_bytes
        _check_files(ca_file=ca_file, client_cert=client_cert)
        self._verify: bool | str = ca_file or True
        self._cert = client_cert
        self._sleep = sleep
        self._not_before = 0.0
        self._wire = Wire(allow_loopback=allow_loopback)
        self._session = self._open(self._wire)

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """GET, repeated while it can help. `accept`: statuses beside 2xx that are answers, for example 404.

        Raises HttpError.
        """
        return self.repeated(lambda: self._get_once(path, params, headers, accept))

    def get_json(
        self, path: str, params: Mapping[str, str] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> JsonAnswer:
        """GET a JSON document, repeated while it can help. Raises HttpError."""

        def once() -> JsonAnswer:
            answer = self._get_once(path, params, {"Accept": "application/json", **(headers or {})}, ())
            return JsonAnswer(answer.json(), answer.headers, answer.status)

        return self.repeated(once)

    def post(
        self,
        path: str,
        data: bytes | Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send once, on a connection of its own (a kept one might be half dead, and then nobody knows what arrived).

        Any status but 502, 503 and 504 is an Answer. Raises HttpError, whose `sent` is "no" when it is certain that
        nothing was sent and "maybe" when it may have arrived.
        """
        wire = Wire(allow_loopback=self._allow_loopback)
        with self._open(wire) as session:
            answer = self._exchange(session, wire, method, path, params=params, data=data, headers=headers)
        if answer.status in (502, 503, 504):
            raise answer.refusal()
        return answer

    def repeated(self, once: Callable[[], T]) -> T:
        """Do `once`, again while its HttpError is not permanent; for what is harmless to do twice. Raises HttpError."""
        for attempt in range(1, self._attempts):
            self._wait_for_the_others()
            try:
                return once()
            except HttpError as error:
                if error.permanent or (error.retry_after or 0) > LONGEST_WAIT:
                    raise
                self._pause(attempt, error)
        self._wait_for_the_others()
        return once()

    def close(self) -> None:
        """Let go of the connections that are kept open."""
        self._session.close()

    def _open(self, wire: Wire) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify, session.cert, session.auth = self._verify, self._cert, self._auth
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.update({"User-Agent": "proforma-appliance", **self._headers})
        for scheme in ("https://", "http://"):
            session.mount(scheme, GuardedAdapter(wire))
        return session

    def _get_once(
        self, path: str, params: Mapping[str, str] | None, headers: Mapping[str, str] | None, accept: tuple[int, ...]
    ) -> Answer:
        answer = self._exchange(self._session, self._wire, "GET", path, params=params, headers=headers)
        if 200 <= answer.status < 300 or answer.status in accept:
            return answer
        raise answer.refusal()

    def _exchange(self, session: requests.Session, wire: Wire, method: str, path: str, **given: Any) -> Answer:
        """One request and its whole answer. Raises HttpError when there is no answer to be believed."""
        url = f"{self._base_url}/{path.lstrip('/')}"
        where = f"{method} {url.partition('?')[0]}"
        began = time.monotonic()
        try:
            with session.request(
                method, url, timeout=self._timeout, allow_redirects=False, stream=True, **given
            ) as response:
                self._refuse_sandbox(response, where)
                body = self._body(response, where, began + self._total)
        except AddressRefused as refused:
            raise _refused_address(str(refused), where) from None
        except (requests.RequestException, Urllib3Error, OSError, ValueError) as error:
            raise http_errors.of_exception(error, where=where, opened=wire.opened) from None
        log.debug("%s: HTTP %d, %d bytes, %.3f s", where, response.status_code, len(body), time.monotonic() - began)
        return Answer(response.status_code, response.headers, body, where)

    def _body(self, response: requests.Response, where: str, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > self._max_bytes:
                what = f"The answer is larger than {self._max_bytes} bytes."
                raise HttpError(what, where=where, remedy="Ask for less at a time.", status=response.status_code)
            if time.monotonic() > deadline:
                what = f"The answer was not complete after {self._total:g} seconds."
                raise HttpError(what, where=where, remedy=http_errors.TRY_LATER, permanent=False, sent="maybe")
        return b"".join(parts)

    def _refuse_sandbox(self, response: requests.Response, where: str) -> None:
        if SANDBOX_HEADER in response.headers and not self._allow_loopback:
            raise HttpError(
                "A sandbox answered, which only plays a customer.",
                where=where,
                remedy="Enter the customer's own address; sandboxes are believed in test mode only.",
                status=response.status_code,
                sent="maybe",
            )

    def _pause(self, attempt: int, error: HttpError) -> None:
        """Wait as long as was asked for, or longer each time, never all threads at the same moment."""
        jitter = random.uniform(0.5, 1.0)  # noqa: S311  spreads threads out, guards nothing
        if error.retry_after is None:
            self._sleep(min(30.0, 0.5 * 2 ** (attempt - 1)) * jitter)
            return
        self._not_before = max(self._not_before, time.monotonic() + error.retry_after)
        self._sleep(error.retry_after + jitter * 0.1)

    def _wait_for_the_others(self) -> None:
        """A limit is for all threads: whoever comes while one was told to wait waits too."""
        if (remaining := self._not_before - time.monotonic()) > 0:
            self._sleep(min(remaining, LONGEST_WAIT))


def _checked_base(base_url: str, *, plain: bool) -> str:
    """The base URL without its trailing slash. Raises HttpError."""
    parts = urlsplit(base_url)
    where = f"{parts.scheme}://{parts.hostname or ''}"
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise HttpError(
            "This is no base URL.", where=where, remedy="Write https://host or https://host/path.", sent="no"
        )
    if parts.username is not None or parts.password is not None:
        remedy = "Keep the user and the password in the credential, where they are not printed."
        raise HttpError("The base URL holds a user name.", where=where, remedy=remedy, sent="no")
    if parts.scheme == "http" and not plain:
        remedy = "Use https; plain http is for rehearsals on one machine."
        raise HttpError("The base URL is not encrypted.", where=where, remedy=remedy, sent="no")
    return base_url.rstrip("/")


def _check_files(**settings: str | tuple[str, str] | None) -> None:
    """Raises HttpError for a PEM file that is not there."""
    for name, value in settings.items():
        for path in (value,) if isinstance(value, str) else value or ():
            if not Path(path).is_file():
                remedy = f"Put the file there, or correct {name}."
                raise HttpError("A certificate's file is missing.", where=f"{name}: {path}", remedy=remedy, sent="no")


def _refused_address(reason: str, where: str) -> HttpError:
    remedy = (
        "Enter the customer's own address. The portal never talks to its own machine or to the cloud's services here."
    )
    return HttpError(f"The host's address is refused: {reason}.", where=where, remedy=remedy, sent="no")
