"""ServiceNow's batch endpoint, for reading: clients use it for queries that are too long for an address."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from flask import Blueprint, Response, current_app, request

from sandbox.replies import json_reply, servicenow_error

MOST_REQUESTS = 150


def batch() -> Response:
    """{"batch_request_id", "rest_requests": [{id, method, url, headers}]} -> one answer each, bodies in base64.

    The caller's own credential is used for every request in it, as ServiceNow does.
    """
    body = request.get_json(silent=True)
    asked = body.get("rest_requests") if isinstance(body, dict) else None
    if not isinstance(asked, list) or len(asked) > MOST_REQUESTS or not all(map(_is_request, asked)):
        return servicenow_error(400, "Invalid batch", f"rest_requests is a list of at most {MOST_REQUESTS} requests")
    served = [_serve(each) for each in asked]
    number = str(body.get("batch_request_id", "")) if isinstance(body, dict) else ""
    return json_reply({"batch_request_id": number, "serviced_requests": served, "unserviced_requests": []})


def _is_request(each: Any) -> bool:
    return isinstance(each, dict) and str(each.get("url", "")).startswith("/api/now/")


def _serve(each: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": request.headers.get("Authorization", "")}
    with current_app.test_client() as client:
        answer = client.open(
            each["url"],
            method=str(each.get("method", "GET")),
            headers=headers,
            data=_decoded(each.get("body", "")),
            base_url=request.host_url,
        )
        data = answer.get_data()
    return {
        "id": str(each.get("id", "")),
        "status_code": answer.status_code,
        "status_text": answer.status.partition(" ")[2],
        "body": base64.b64encode(data).decode(),
        "headers": [{"name": name, "value": value} for name, value in answer.headers.items()],
        "execution_time": 1,
    }


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text))
    except binascii.Error:
        return b""


def blueprint() -> Blueprint:
    routes = Blueprint("batch", __name__)
    for version in ("now", "now/v1"):
        routes.add_url_rule(f"/api/{version}/batch", f"batch_{version.replace('/', '_')}", batch, methods=["POST"])
    return routes
