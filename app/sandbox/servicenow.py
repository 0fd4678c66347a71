"""The customer's service-management platform: ServiceNow's Table API and token endpoint, to read from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from sandbox.config import SandboxConfig
from sandbox.display import FORMAT, Presenter, Shape
from sandbox.faults import Fault, Faults
from sandbox.loading import Stock, walked
from sandbox.oauth import GrantError, Tokens
from sandbox.query import Query, parse
from sandbox.replies import json_reply, servicenow_error
from sandbox.tables import Selection, Table, sys_id
from sandbox.troubled import shorten, troubled

MAX_ROWS = 10_000
WRONG_BY = 7
_GENERATED = re.compile(r"javascript:\s*gs\.dateGenerate\('([\d-]+)',\s*'([\w:]+)'\)")


class TableApi:
    """Answers GET /api/now/table/... from a Stock."""

    def __init__(self, config: SandboxConfig, stock: Stock, faults: Faults) -> None:
        self.stock, self.faults = stock, faults
        self.zone = ZoneInfo(config.timezone)
        self.username = config.secrets.servicenow_username
        self.tokens = Tokens(config)

    def many(self, name: str) -> Response:
        return self._with_faults(lambda fault: self._many(name, fault))

    def one(self, name: str, key: str) -> Response:
        return self._with_faults(lambda _fault: self._one(name, key))

    def refuse_writing(self, name: str, **_path: str) -> Response:
        """Everything but reading: the integration user may not."""
        refused = self._refused(name)
        return refused or servicenow_error(403, "Operation Failed", "ACL Exception: this user may read only")

    def _with_faults(self, work: Callable[[Fault], Response]) -> Response:
        fault = self.faults.strike("servicenow")
        return troubled(fault, lambda: work(fault), _nothing)

    def _refused(self, name: str) -> Response | None:
        if not self.tokens.valid(request.headers.get("Authorization", "")):
            response = servicenow_error(401, "User Not Authenticated", "Required to provide Auth information")
            response.headers["WWW-Authenticate"] = 'BASIC realm="Service-now"'
            return response
        if name not in self.stock.tables:
            return servicenow_error(404, f"Invalid table {name}", f"There are: {', '.join(sorted(self.stock.tables))}")
        return None

    def _many(self, name: str, fault: Fault) -> Response:
        if refused := self._refused(name):
            return refused
        try:
            limit, offset = _number("sysparm_limit", MAX_ROWS), _number("sysparm_offset", 0)
        except ValueError as mistake:
            return servicenow_error(400, "Invalid parameter", str(mistake))
        table, limit = self.stock.tables[name], min(limit, MAX_ROWS)
        query = Query() if fault.ignore_query else self._query(table)
        selection = table.select(query, offset, limit)
        rows = shorten(selection.rows, fault.acl_short_pages)
        response = json_reply({"result": self._records(table, rows)})
        _count(response, selection, limit, offset, WRONG_BY if fault.wrong_totals else 0)
        return response

    def _one(self, name: str, key: str) -> Response:
        if refused := self._refused(name):
            return refused
        table = self.stock.tables[name]
        row = table.by_id.get(key)
        if row is None:
            detail = "Record doesn't exist or ACL restricts the record retrieval"
            return servicenow_error(404, "No Record found", detail)
        return json_reply({"result": self._records(table, [row])[0]})

    def _query(self, table: Table) -> Query:
        walk = partial(walked, names=self.stock.names, fields=table.fields)
        return parse(request.args.get("sysparm_query", ""), table.fields, self._resolve, walk)

    def _resolve(self, value: str) -> str:
        """The scripts that clients put into queries: who am I, and a day in my zone."""
        if value in ("javascript:gs.getUserName()", "javascript: gs.getUserName()"):
            return self.username
        if value in ("javascript:gs.getUserID()", "javascript: gs.getUserID()"):
            return sys_id("sys_user", self.username)
        if match := _GENERATED.fullmatch(value):
            clock = {"start": "00:00:00", "end": "23:59:59"}.get(match[2], match[2])
            return _utc(f"{match[1]} {clock}", self.zone)
        return value

    def _records(self, table: Table, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        presenter = Presenter(table.name, self.zone, request.host_url.rstrip("/"), self.stock.names)
        shape = _shape(request.args)
        every = () if shape.fields else tuple(sorted(table.fields))
        return [presenter.record(row, shape, every) for row in rows]

    def token(self) -> Response:
        fault = self.faults.strike("oauth")
        return troubled(fault, self._token, lambda: json_reply({}))

    def _token(self) -> Response:
        try:
            granted = self.tokens.grant(request.form.to_dict(), request.headers.get("Authorization", ""))
        except GrantError as refusal:
            return json_reply({"error": str(refusal), "error_description": "access_denied"}, 401)
        response = json_reply(granted)
        response.headers["Cache-Control"] = "no-store"
        return response


def blueprint(api: TableApi) -> Blueprint:
    routes = Blueprint("servicenow", __name__)
    writing = ["POST", "PUT", "PATCH", "DELETE"]
    for version in ("now", "now/v1", "now/v2"):
        table, suffix = f"/api/{version}/table/<name>", version.replace("/", "_")
        routes.add_url_rule(table, f"list_{suffix}", api.many, methods=["GET"])
        routes.add_url_rule(f"{table}/<key>", f"one_{suffix}", api.one, methods=["GET"])
        routes.add_url_rule(table, f"insert_{suffix}", api.refuse_writing, methods=writing)
        routes.add_url_rule(f"{table}/<key>", f"write_{suffix}", api.refuse_writing, methods=writing)
    routes.add_url_rule("/oauth_token.do", "token", api.token, methods=["POST"])
    return routes


def _shape(args: Mapping[str, str]) -> Shape:
    fields = tuple(name.strip() for name in args.get("sysparm_fields", "").split(",") if name.strip())
    display = args.get("sysparm_display_value", "false").lower()
    return Shape(
        fields=fields,
        display=display if display in ("true", "all") else "false",
        links=args.get("sysparm_exclude_reference_link", "false").lower() != "true",
    )


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError(f"{name} must be a whole number that is not negative")
    return int(text)


def _count(response: Response, selection: Selection, limit: int, offset: int, wrong_by: int) -> None:
    """X-Total-Count unless sysparm_no_count, Link unless sysparm_suppress_pagination_header."""
    if request.args.get("sysparm_no_count", "").lower() != "true":
        response.headers["X-Total-Count"] = str(selection.total + wrong_by)
    if request.args.get("sysparm_suppress_pagination_header", "").lower() != "true":
        response.headers["Link"] = ",".join(_links(selection.total, limit, offset))


def _links(total: int, limit: int, offset: int) -> list[str]:
    last = max(total - 1, 0) // max(limit, 1) * limit
    places = {"first": 0, "prev": offset - limit, "next": offset + limit, "last": last}
    fitting = {rel: at for rel, at in places.items() if rel in ("first", "last") or 0 <= at < total}
    others = [(k, v) for k, v in request.args.items() if k not in ("sysparm_limit", "sysparm_offset")]
    return [
        f'<{request.base_url}?{urlencode([*others, ("sysparm_limit", limit), ("sysparm_offset", at)])}>;rel="{rel}"'
        for rel, at in fitting.items()
    ]


def _utc(local: str, zone: ZoneInfo) -> str:
    try:
        return datetime.strptime(local, FORMAT).replace(tzinfo=zone).astimezone(UTC).strftime(FORMAT)
    except ValueError:
        return local


def _nothing() -> Response:
    response = json_reply({"result": []})
    response.headers["X-Total-Count"] = "0"
    return response
