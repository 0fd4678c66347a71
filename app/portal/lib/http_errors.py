"""What went wrong on the way to another system, told so that a person can act on it.

No message holds a query, a header, a body or a credential: `where` is the method and the address without its query.
"""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple, TypeVar

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

from portal.domain.errors import PortalError

Delivery = Literal["no", "maybe", "answered"]
"""no: it is certain that nothing was sent; maybe: it may have arrived; answered: the other side said something"""

ErrorT = TypeVar("ErrorT", bound=PortalError)


class HttpError(PortalError):
    """Another system could not be asked, or did not answer as agreed.

    `status`: its HTTP status when it answered; `retry_after`: seconds it asked us to wait; `sent`: see Delivery.
    """

    code = "http.error"

    def __init__(
        self,
        what: str,
        *,
        where: str,
        remedy: str = "",
        permanent: bool = True,
        status: int | None = None,
        retry_after: float | None = None,
        sent: Delivery = "answered",
    ) -> None:
        super().__init__(what, where=where, remedy=remedy, permanent=permanent)
        self.status = status
        self.retry_after = retry_after
        self.sent = sent

    def retold(self, kind: type[ErrorT], *, kept: str = "") -> ErrorT:
        """The same finding as the error of another border, for example SourceError."""
        told = self.problem
        return kind(told.what, where=told.where, remedy=told.remedy, kept=kept, permanent=self.permanent)


class Finding(NamedTuple):
    what: str
    remedy: str
    permanent: bool


TRY_LATER = "It is tried again by itself; if it stays so, ask the other side whether the service is up."
CHECK_THE_WAY = "Check the address, the tunnel to this customer and the firewalls on both ends."

# Read from top to bottom: the first kind that is found anywhere in the chain of causes explains the failure.
CAUSES: tuple[tuple[type[BaseException], Finding], ...] = (
    (
        ssl.SSLCertVerificationError,
        Finding(
            "The server's certificate is not trusted",
            "Have the server's certificate put in order, or name the file of the authority that signed it (ca_file).",
            True,
        ),
    ),
    (ssl.SSLError, Finding("The TLS connection failed", CHECK_THE_WAY, False)),
    (socket.gaierror, Finding("The host's name has no address", "Check the name and the name server.", False)),
    (ConnectionRefusedError, Finding("The connection was refused", CHECK_THE_WAY, False)),
    (urllib3_errors.NewConnectionError, Finding("The host cannot be reached", CHECK_THE_WAY, False)),
    (urllib3_errors.ConnectTimeoutError, Finding("No connection came about in time", CHECK_THE_WAY, False)),
    (urllib3_errors.TimeoutError, Finding("The answer did not come in time", TRY_LATER, False)),
    (TimeoutError, Finding("The answer did not come in time", TRY_LATER, False)),
    (urllib3_errors.DecodeError, Finding("The compressed answer is damaged", TRY_LATER, False)),
    (urllib3_errors.LocationParseError, Finding("The address cannot be read", "Correct the address.", True)),
    (requests_errors.InvalidURL, Finding("The address cannot be read", "Correct the address.", True)),
)
BROKEN_OFF = Finding("The connection broke off before the answer was complete", TRY_LATER, False)

# The server refused our certificate in the handshake; with TLS 1.3 that is only heard after the request was written,
# but a server that refuses the handshake hands nothing on.
CERTIFICATE_ALERTS = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "UNKNOWN_CA",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED",
)


def of_exception(error: BaseException, *, where: str, opened: bool) -> HttpError:
    """`opened`: whether a connection stood, so that the request may have been received."""
    causes = list(_chain(error))
    found = next((finding for kind, finding in CAUSES if any(isinstance(c, kind) for c in causes)), BROKEN_OFF)
    refused = any(alert in str(getattr(c, "reason", "")) for c in causes for alert in CERTIFICATE_ALERTS)
    if refused and opened:
        remedy = "Have the receiver accept our certificate, or name the right one (client_cert)."
        found = Finding("The server does not accept our client certificate", remedy, True)
    sent: Delivery = "maybe" if opened and not refused else "no"
    what = f"{found.what}{_detail(causes)}."
    return HttpError(what, where=where, remedy=found.remedy, permanent=found.permanent, sent=sent)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it carries: causes, contexts, reasons and errors among its arguments."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        held = (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args)
        waiting += [one for one in held if isinstance(one, BaseException)]


def _detail(causes: list[BaseException]) -> str:
    """The TLS library's own word, which holds names of certificates and no content."""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f": {cause.verify_message.rstrip('.')}"
    return ""


def of_status(status: int, *, where: str, retry_after: float | None, elsewhere: str = "") -> HttpError:
    """`elsewhere`: the host a redirect points to."""
    found = _finding(status, elsewhere)
    return HttpError(
        found.what,
        where=where,
        remedy=found.remedy,
        permanent=found.permanent,
        status=status,
        retry_after=retry_after,
        sent="maybe" if status in (502, 503, 504) else "answered",
    )


def _finding(status: int, elsewhere: str) -> Finding:
    if 300 <= status < 400:
        what = f"The answer is a redirect (HTTP {status}){' to ' + elsewhere if elsewhere else ''}."
        return Finding(what, "Enter the address that answers itself; a redirect is often a sign-in page.", True)
    if status == 401:
        return Finding(
            "The credential was refused (HTTP 401).", "Check the credential and whether it has expired.", True
        )
    if status == 403:
        return Finding("The account may not do this (HTTP 403).", "Have the account's permissions completed.", True)
    if status == 404:
        return Finding("There is nothing at this address (HTTP 404).", "Check the address and its path.", True)
    if status == 429:
        return Finding("The other side limits how often it may be asked (HTTP 429).", TRY_LATER, False)
    if status == 408 or status >= 500:
        return Finding(f"The other side failed (HTTP {status}).", TRY_LATER, False)
    return Finding(f"The request was not accepted (HTTP {status}).", "Check the settings of this connection.", True)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """A Retry-After header in seconds from now: a number or an HTTP date (RFC 9110, 10.2.3); None when unreadable."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(value: str, now: datetime) -> float:
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return math.nan
    return (instant.replace(tzinfo=instant.tzinfo or UTC) - now).total_seconds()
