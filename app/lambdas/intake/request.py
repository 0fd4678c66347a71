"""From API Gateway's REST proxy event (payload 1.0) to a request. Pure; raises Refused whatever stands in the event."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CUSTOMER = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
"""as portal.contracts.models.CODE, for it becomes part of a key and of a secret's name"""
KIND = re.compile(r"[a-z][a-z-]{0,30}")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,80}")
"""it becomes metadata of an object, where S3 takes ASCII only"""
SINGLE = frozenset({"authorization", "content-encoding", "content-type", "x-api-key", "x-proforma-timestamp"}) | {
    "x-proforma-signature"
}
"""headers that decide something: two of them are one too many"""


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The answer is `status`; `reason` is for the log and never for the sender."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(f"{status} {reason}")


@dataclass(frozen=True, slots=True)
class Request:
    """`customer` and `kind` are words of the path; `headers` by lower-case name; `at`: seconds since 1970, AWS's."""

    id: str
    method: str
    customer: str
    kind: str
    source: str
    at: float
    headers: Mapping[str, str]
    content: str
    encoded: bool

    def body(self, most: int) -> bytes:
        """The bytes as they were sent. Raises Refused when there are none, or more than `most`."""
        if len(self.content) > most * (4 / 3 if self.encoded else 1) + 4:
            raise Refused(413, "too_large")  # before they are decoded
        try:
            data = base64.b64decode(self.content, validate=True) if self.encoded else self.content.encode()
        except (binascii.Error, ValueError):
            raise Refused(400, "body_unreadable") from None
        if len(data) > most:
            raise Refused(413, "too_large")
        if not data:
            raise Refused(400, "empty")
        return data


def read(event: Any) -> Request:
    """Raises Refused(400) when the event is none that API Gateway sends."""
    context = _mapping(event, "requestContext")
    path = _mapping(event, "pathParameters")
    body = event.get("body") if isinstance(event, Mapping) else None
    customer, kind = str(path.get("customer", "")), str(path.get("kind", ""))
    if not CUSTOMER.fullmatch(customer) or not KIND.fullmatch(kind):
        raise Refused(400, "malformed_path")
    if body is not None and not isinstance(body, str):
        raise Refused(400, "malformed_event")
    return Request(
        id=request_id(event),
        method=str(event.get("httpMethod", "")),
        customer=customer,
        kind=kind,
        source=str(_mapping(context, "identity").get("sourceIp", "")),
        at=_seconds(context.get("requestTimeEpoch")),
        headers=_headers(event),
        content=body or "",
        encoded=event.get("isBase64Encoded") is True,
    )


def request_id(event: Any) -> str:
    """API Gateway's own id of the request, which its access log has too; "" when there is none."""
    context = event.get("requestContext") if isinstance(event, Mapping) else None
    given = str(context.get("requestId", "")) if isinstance(context, Mapping) else ""
    return given if REQUEST_ID.fullmatch(given) else ""


def _mapping(outer: Any, name: str) -> Mapping[str, Any]:
    inner = outer.get(name) if isinstance(outer, Mapping) else None
    if not isinstance(inner, Mapping):
        raise Refused(400, "malformed_event")
    return inner


def _seconds(milliseconds: Any) -> float:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        raise Refused(400, "malformed_event")
    return milliseconds / 1000


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Lower-case name -> value, from `multiValueHeaders` where API Gateway gives them. Raises Refused for doubles."""
    single = event.get("headers") or {}
    many = event.get("multiValueHeaders") or (
        {k: [v] for k, v in single.items()} if isinstance(single, Mapping) else []
    )
    if not isinstance(many, Mapping) or not all(isinstance(values, list) for values in many.values()):
        raise Refused(400, "malformed_event")
    found: dict[str, list[str]] = {}
    for name, values in many.items():
        found.setdefault(str(name).lower(), []).extend(map(str, values))
    if any(len(found.get(name, [])) > 1 for name in SINGLE):
        raise Refused(400, "doubled_header")
    return {name: values[-1] for name, values in found.items() if values}
