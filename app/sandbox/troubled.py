"""What a fault does to an answer, alike for every door of the sandbox."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator

from flask import Response, request

from sandbox.faults import Fault
from sandbox.replies import sap_error, servicenow_error

RULE = "proforma-sandbox-rule"
SIGN_IN = "<!DOCTYPE html><html><head><title>Log in</title></head><body><h1>Log in</h1><p>Sandbox.</p></body></html>"


def troubled(fault: Fault, work: Callable[[], Response], nothing: Callable[[], Response]) -> Response:
    """The answer of `work` under a fault: late, replaced, or cut in half. `nothing` is the empty answer."""
    if fault.latency_ms:
        time.sleep(fault.latency_ms / 1000)
    if fault.blocks() and not fault.after_store:
        return failing_answer(fault, nothing)
    response = work()
    if fault.after_store and fault.blocks():
        response = failing_answer(fault, nothing)
    return cut(response) if fault.truncate else response


def failing_answer(fault: Fault, nothing: Callable[[], Response]) -> Response:
    if fault.empty:
        return nothing()
    if fault.html:
        return Response(SIGN_IN, 200, content_type="text/html;charset=UTF-8")
    response = _status(fault)
    if fault.status in (429, 503):
        response.headers["Retry-After"] = str(fault.retry_after)
    if fault.status == 429:
        response.headers["X-RateLimit-Limit"] = "100"
        response.headers["X-RateLimit-Reset"] = str(int(time.time()) + fault.retry_after)
        response.headers["X-RateLimit-Rule"] = RULE
    return response


def _status(fault: Fault) -> Response:
    message = "Rate limit exceeded" if fault.status == 429 else "The sandbox was asked to fail"
    if request.path.startswith("/sap/"):
        return sap_error("fault", message, fault.status)
    return servicenow_error(fault.status, message, "A fault is switched on")


def cut(response: Response) -> Response:
    """Half of the body under the whole one's Content-Length: the connection is closed in the middle."""
    body = response.get_data()

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]

    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
    return Response(half(), response.status_code, {**headers, "Content-Length": str(len(body))})


def shorten(rows: list[dict[str, str]], share: float) -> list[dict[str, str]]:
    """Leave out this share of the rows, always the same ones, as a row-level ACL does."""
    if not share:
        return rows
    return [row for row in rows if zlib.crc32(row["sys_id"].encode()) % 1000 >= share * 1000]
