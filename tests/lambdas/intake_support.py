"""Events of API Gateway as the payload files have them, changed in one place, at the moment they were made."""

from __future__ import annotations

import base64
import copy
import hmac
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.intake import handler as module
from lambdas.intake import senders
from tests.lambdas.conftest import SECRET

NOW = 1795428000.0
EVENTS = Path(module.__file__).parent / "events"
CONTEXT = SimpleNamespace(aws_request_id="0f1e2d3c-lambda")
USERNAME = "acme-sap"


def event(method: str = "basic") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"acknowledgement_{method}.json").read_text())
    return found


def with_header(given: dict[str, Any], **headers: str | None) -> dict[str, Any]:
    """Headers set, or with None taken away; `_` stands for `-`."""
    changed = copy.deepcopy(given)
    for name, value in ((k.replace("_", "-"), v) for k, v in headers.items()):
        for single in [k for k in changed["headers"] if k.lower() == name.lower()]:
            del changed["headers"][single], changed["multiValueHeaders"][single]
        if value is not None:
            changed["headers"][name], changed["multiValueHeaders"][name] = value, [value]
    return changed


def with_body(given: dict[str, Any], body: bytes) -> dict[str, Any]:
    return {**copy.deepcopy(given), "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def body_of(given: dict[str, Any]) -> bytes:
    return base64.b64decode(given["body"])


def signed(given: dict[str, Any], at: float = NOW, secret: str = SECRET, body: bytes | None = None) -> dict[str, Any]:
    """By a sender that follows the README: `v1`, customer, kind, time and the body's digest."""
    import hashlib

    digest = hashlib.sha256(body_of(given) if body is None else body).hexdigest()
    text = f"v1\nacme\nacknowledgements\n{int(at)}\n{digest}"
    signature = "v1=" + hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
    return with_header(given, Authorization=None, X_Proforma_Timestamp=str(int(at)), X_Proforma_Signature=signature)


def clock(monkeypatch: pytest.MonkeyPatch, now: float = NOW) -> None:
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now, monotonic=lambda: now))


def forget_senders() -> None:
    senders._known.clear()


def send(given: Any) -> tuple[int, dict[str, str]]:
    """(status, body) that the sender sees."""
    answer = module.handler(given, CONTEXT)
    assert set(answer) == {"statusCode", "headers", "body", "isBase64Encoded"}
    return answer["statusCode"], json.loads(answer["body"])
