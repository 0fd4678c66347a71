"""Takes what a customer sends through API Gateway: checks sender, time, size and type, keeps the body, tells the
portal, answers 202. README.md says what senders see and what the function needs."""

from __future__ import annotations

import json
import time
from typing import Any

from lambdas.intake import inbox, request, senders
from lambdas.intake.request import Refused, Request
from lambdas.shared import aws, log

CONTENT_TYPES = {"acknowledgements": frozenset({"application/xml", "text/xml"})}
"""what is taken, by kind; a kind that does not stand here is not taken at all"""
MOST_BYTES = 1024 * 1024
"""as the portal's own inbox (portal.web.views.inbox.LARGEST)"""
WINDOW = 300
RETRY_AFTER = "30"


def handler(event: Any, context: Any) -> dict[str, Any]:
    """The answer for API Gateway; nothing is ever raised, and every call leaves one line."""
    begun = time.monotonic()
    told: dict[str, log.Value] = {"request_id": request.request_id(event)}
    status = _answered(event, told)
    told |= {"status": status, "ms": round((time.monotonic() - begun) * 1000)}
    told["lambda_request_id"] = str(getattr(context, "aws_request_id", ""))
    outcome = "taken" if status == 202 else "refused" if status < 500 and status != 429 else "failed"
    log.write("ERROR" if outcome == "failed" else "INFO" if status == 202 else "WARNING", f"intake_{outcome}", **told)
    log.count(f"Intake{outcome.title()}", {"Function": "intake"}, status=status)
    return _answer(status, str(told["request_id"]))


def _answered(event: Any, told: dict[str, log.Value]) -> int:
    """The status; `told` gets what the log line says besides."""
    try:
        return _taken(event, told)
    except Refused as refused:
        told["reason"] = refused.reason
        return refused.status
    except senders.SenderError as error:
        told["reason"] = str(error)
        return 503
    except aws.AWS_ERRORS as error:
        told["reason"] = f"aws:{aws.code(error)}"
        return 429 if aws.throttled(error) else 503
    except Exception as error:  # noqa: BLE001 - the sender gets an answer and the log a line, whatever it was
        told |= {"reason": "unexpected", **log.unexpected(error)}
        return 500


def _taken(event: Any, told: dict[str, log.Value]) -> int:
    asked, now = request.read(event), time.time()
    told |= {"customer": asked.customer, "kind": asked.kind, "source": asked.source[:45]}
    most = aws.number("MOST_BYTES", MOST_BYTES)
    senders.admit(asked, lambda: asked.body(most), now=now, window=aws.number("WINDOW_SECONDS", WINDOW))
    body, content_type = asked.body(most), _content_type(asked)
    kept = inbox.keep(asked, body, content_type, now)
    told |= {"sha256": kept.sha256, "bytes": len(body), "known": kept.known}
    return 202


def _content_type(asked: Request) -> str:
    """Without its parameters. Raises Refused for a type or an encoding that is not taken."""
    media_type = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in CONTENT_TYPES.get(asked.kind, frozenset()):
        raise Refused(415, "content_type")
    if asked.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "content_encoding")
    return media_type


def _answer(status: int, reference: str) -> dict[str, Any]:
    """The same body for every refusal; `reference` finds the line in our log when a customer calls."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="intake", charset="UTF-8"'
    if status == 429 or status >= 500:
        headers["Retry-After"] = RETRY_AFTER
    word = "received" if status == 202 else "later" if "Retry-After" in headers else "refused"
    body = json.dumps({"status": word, "reference": reference})
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}
