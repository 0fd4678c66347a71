"""Who may send: one secret a customer, and the checks of address, signature and time.

The secret `<SENDERS_PREFIX><customer>` holds a JSON object:

    {"addresses": ["10.40.1.0/24"],             networks the customer's systems are seen from, through the tunnel
     "kinds": ["acknowledgements"],
     "method": "hmac",                          or "basic" (with "username") or "api_key"
     "secrets": ["the new one", "the old one"]}  two while a secret is changed; each of 16 characters or more

It is remembered for SENDERS_TTL seconds, and so is that there is none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lambdas.intake.request import Refused, Request
from lambdas.shared import aws

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
METHODS = ("hmac", "basic", "api_key")
SHORTEST_SECRET = 16
MOST_REMEMBERED = 256
VERSION = "v1"


class SenderError(Exception):
    """The customer's secret cannot be used: ours to mend, so the sender is asked to come again later."""


@dataclass(frozen=True, slots=True)
class Sender:
    addresses: tuple[Network, ...]
    kinds: frozenset[str]
    method: str
    secrets: tuple[bytes, ...]
    username: str = ""


_known: dict[str, tuple[float, Sender | None]] = {}


def admit(request: Request, body: Callable[[], bytes], *, now: float, window: float) -> None:
    """Return when this sender may send this now. Raises Refused, SenderError, or an error of AWS.

    `window`: seconds that a signature, and the request itself, may be old or ahead. `body` is only called for a sender
    whose address fits. An unknown customer is refused as one of another address, so names cannot be tried.
    """
    if request.method != "POST":
        raise Refused(405, "method")
    sender = _sender(request.customer)
    if sender is None or not _address_fits(sender, request.source):
        raise Refused(403, "address" if sender else "unknown_sender")
    given, expected = _proof(sender, request, body)
    fits = [hmac.compare_digest(given, one) for one in expected]  # all of them, whichever fits
    if not any(fits):
        raise Refused(401, "credential")
    if request.kind not in sender.kinds:
        raise Refused(403, "kind")
    _check_time(sender, request, now, window)


def _check_time(sender: Sender, request: Request, now: float, window: float) -> None:
    """An invocation that was kept and played again is as stale as a signature that was."""
    if abs(now - request.at) > window:
        raise Refused(401, "stale_request")
    if sender.method == "hmac" and abs(now - int(request.headers["x-proforma-timestamp"])) > window:
        raise Refused(401, "stale_signature")


def _address_fits(sender: Sender, source: str) -> bool:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    return any(address in network for network in sender.addresses if network.version == address.version)


def _proof(sender: Sender, request: Request, body: Callable[[], bytes]) -> tuple[bytes, list[bytes]]:
    """(what the request brought, what it may bring), as digests of equal length."""
    if sender.method == "hmac":
        signature = request.headers.get("x-proforma-signature", "")
        message = signed(request.customer, request.kind, _timestamp(request), body())
        expected = [f"{VERSION}={hmac.new(one, message, 'sha256').hexdigest()}".encode() for one in sender.secrets]
        return _digest(signature.strip().lower().encode()), [_digest(one) for one in expected]
    if sender.method == "basic":
        pairs = [sender.username.encode() + b":" + one for one in sender.secrets]
        return _digest(_basic(request.headers.get("authorization", ""))), [_digest(pair) for pair in pairs]
    given = request.headers.get("x-api-key", "")
    return _digest(given.encode()), [_digest(one) for one in sender.secrets]


def signed(customer: str, kind: str, timestamp: str, body: bytes) -> bytes:
    """What a sender signs: five lines. The body stands in it by its SHA-256."""
    return "\n".join((VERSION, customer, kind, timestamp, hashlib.sha256(body).hexdigest())).encode()


def _timestamp(request: Request) -> str:
    """Whole seconds since 1970, as text. Raises Refused when there is none."""
    text = request.headers.get("x-proforma-timestamp", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refused(401, "no_timestamp")
    return text


def _basic(header: str) -> bytes:
    """user:password; empty, which fits nobody, when the header is none."""
    scheme, _, value = header.partition(" ")
    try:
        return base64.b64decode(value.strip(), validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""


def _digest(data: bytes) -> bytes:
    """Equal lengths, so that comparing takes as long whatever was given."""
    return hashlib.sha256(data).digest()


def _sender(customer: str) -> Sender | None:
    """From memory or from Secrets Manager; None when nobody has that name. Raises SenderError, or an error of AWS."""
    now, remembered = time.monotonic(), _known.get(customer)
    if remembered is not None and now < remembered[0]:
        return remembered[1]
    if len(_known) >= MOST_REMEMBERED:  # whoever tries names must not fill the memory
        _known.clear()
    found = _fetch(customer)
    _known[customer] = (now + float(os.environ.get("SENDERS_TTL", "60")), found)
    return found


def _fetch(customer: str) -> Sender | None:
    try:
        answer = aws.client("secretsmanager").get_secret_value(SecretId=aws.variable("SENDERS_PREFIX") + customer)
    except aws.AWS_ERRORS as error:
        if aws.code(error) == "ResourceNotFoundException":
            return None
        raise
    return parse(answer.get("SecretString", ""))


def parse(text: str) -> Sender:
    """Raises SenderError that says what is wrong without quoting it."""
    try:
        data = json.loads(text)
        sender = _build(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SenderError(f"the sender's secret is not written as one ({type(error).__name__})") from None
    if sender.method not in METHODS or not sender.secrets or not sender.addresses:
        raise SenderError("the sender's secret lacks a known method, a secret or an address")
    if any(len(one) < SHORTEST_SECRET for one in sender.secrets):
        raise SenderError(f"a secret of the sender has fewer than {SHORTEST_SECRET} characters")
    if sender.method == "basic" and not sender.username:
        raise SenderError("the sender's secret lacks a username")
    return sender


def _build(data: Mapping[str, object]) -> Sender:
    return Sender(
        addresses=tuple(ipaddress.ip_network(one) for one in _texts(data["addresses"])),
        kinds=frozenset(_texts(data["kinds"])),
        method=str(data["method"]),
        secrets=tuple(one.encode() for one in _texts(data["secrets"])),
        username=str(data.get("username", "")),
    )


def _texts(values: object) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise TypeError("a list of strings is needed")
    return values
