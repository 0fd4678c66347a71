"""The one call that is made: GET rows of a table, with their count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from portal.domain.errors import SourceError
from portal.domain.sources import SourceAccess
from portal.lib.http import Http, HttpError, JsonAnswer
from portal.sources.servicenow.auth import BearerToken, grant_of
from portal.sources.servicenow.settings import Settings

T = TypeVar("T")


class Rows(NamedTuple):
    """One answer. `total` is X-Total-Count: all rows that the query fits, readable for us or not."""

    rows: list[dict[str, Any]]
    total: int


class TableApi:
    """ServiceNow's Table API at one instance. Every method raises SourceError. Threads may share it."""

    def __init__(self, access: SourceAccess, settings: Settings) -> None:
        credential = access.credential
        grant = grant_of(credential)
        user = (credential.get("username"), credential.get("password"))
        try:
            http = self._open(access, settings)
            self._token = None if grant == "basic" else BearerToken(http, credential, grant)
            self._http = self._open(access, settings, auth=self._token or user)
        except HttpError as error:
            raise error.retold(SourceError) from None

    @staticmethod
    def _open(access: SourceAccess, settings: Settings, **given: Any) -> Http:
        ca_file = settings.ca_file or None
        return Http(access.base_url, allow_loopback=access.allow_loopback, ca_file=ca_file, **given)

    def rows(self, table: str, query: str, fields: Sequence[str], limit: int, offset: int = 0) -> Rows:
        """Stored values (strings, date-times in UTC) of the named fields."""
        params = {
            "sysparm_query": query,
            "sysparm_fields": ",".join(fields),
            "sysparm_limit": str(limit),
            "sysparm_display_value": "false",
            "sysparm_exclude_reference_link": "true",
            **({"sysparm_offset": str(offset)} if offset else {}),
        }
        path = f"/api/now/table/{table}"
        try:
            answer = self._signed_in(lambda: self._http.get_json(path, params))
        except HttpError as error:
            raise error.retold(SourceError) from None
        return _rows(answer, path)

    def count(self, table: str, query: str) -> int:
        """How many rows fit, by the source's own count."""
        return self.rows(table, query, ("sys_id",), 1).total

    def _signed_in(self, call: Callable[[], T]) -> T:
        """A token may end or be revoked at any time: one refusal is answered with a new one."""
        if self._token is None:
            return call()
        used = self._token.current()
        try:
            return call()
        except HttpError as error:
            if error.status != 401:
                raise
        self._token.discard(used)
        return call()


def _rows(answer: JsonAnswer, path: str) -> Rows:
    data = answer.data
    rows = data.get("result") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not set(map(type, rows)) <= {dict}:
        raise SourceError(
            "The answer is JSON, but not that of a Table API.",
            where=path,
            remedy="Check that the address is that of the ServiceNow instance itself.",
        )
    if "error" in data:  # with 200, after some rows: a transaction that ran out of time
        raise SourceError(
            "ServiceNow broke its answer off with an error of its own.",
            where=path,
            remedy="It is tried again by itself; if it stays so, set a smaller page_size.",
            permanent=False,
        )
    return Rows(rows, _count(answer, path))


def _count(answer: JsonAnswer, path: str) -> int:
    text = answer.headers.get("X-Total-Count", "")
    if text.isascii() and text.isdigit():
        return int(text)
    raise SourceError(
        "ServiceNow did not say how many rows there are (X-Total-Count), so nothing proves that all of them came.",
        where=path,
        remedy="Have the proxy in between pass the header on.",
    )
