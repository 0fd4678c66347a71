"""Answers in the words of the systems that the sandbox stands for."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from flask import Response

JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"


def json_reply(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False, separators=(",", ":")), status, content_type=JSON)


def servicenow_error(status: int, message: str, detail: str | None) -> Response:
    """ServiceNow's error JSON."""
    return json_reply({"error": {"message": message, "detail": detail}, "status": "failure"}, status)


def xml_reply(tag: str, fields: dict[str, str], status: int = 200) -> Response:
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag}>{inner}</{tag}>', status, content_type=XML)


def sap_error(code: str, text: str, status: int, **more: str) -> Response:
    """An error for people and programs: <ERROR><CODE/><TEXT/>...</ERROR>."""
    return xml_reply("ERROR", {"CODE": code, "TEXT": text, **more}, status)
