"""RT's REST 2 interface, as far as it is read: documents and collections of tickets. Raises SourceError throughout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from portal.domain.errors import SourceError
from portal.lib.http import Http, HttpError
from portal.sources.request_tracker import queries

ROOT = "REST/2.0"
KEPT = "Nothing was billed; what was collected before is kept."


class Rest:
    """One RT under one account. Threads may share it."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def document(self, path: str) -> dict[str, Any]:
        """A record, for example `user/27`."""
        return _object(self._get(path, {}), path)

    def find_document(self, kind: str, name: str) -> dict[str, Any] | None:
        """A record by its name or id; None when it is not there or must not be seen."""
        path = f"{kind}/{quote(name, safe='')}"
        try:
            return self.document(path)
        except SourceError as error:
            if getattr(error.__cause__, "status", None) in (403, 404):
                return None
            raise

    def count(self, query: str) -> int:
        """How many tickets a query finds."""
        return _total(self._tickets(query, {"per_page": "1"}))

    def pages(
        self, query: str, fields: Mapping[str, str], page_size: int
    ) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """All tickets of a query by ascending id: a page, and how many RT counts from its first ticket on.

        Pages go on from the last id, not by page numbers: RT counts pages anew for each request, so that a ticket that
        leaves the result meanwhile would pull one over the edge of a page, unread.
        """
        last = 0
        while True:
            data = self._tickets(queries.after(query, last), {**fields, "per_page": str(page_size)})
            items, left = data["items"], _total(data)
            _check_order(items, last)
            if left and not items:
                raise _untrusted("RT counts tickets that it does not hand out")
            yield items, left
            if len(items) >= left:
                return
            last = int(items[-1]["id"])

    def _tickets(self, query: str, params: Mapping[str, str]) -> dict[str, Any]:
        data = _object(self._get("tickets", {"query": query, "orderby": "id", "order": "ASC", **params}), "tickets")
        if not isinstance(data.get("items"), list):
            raise _untrusted("The answer holds no list of tickets")
        return data

    def _get(self, path: str, params: Mapping[str, str]) -> Any:
        try:
            return self._http.get_json(f"{ROOT}/{path}", params).data
        except HttpError as error:
            raise error.retold(SourceError, kept=KEPT) from error


def _object(data: Any, path: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _untrusted(f"The answer for {path.partition('/')[0]} is not what Request Tracker gives")
    return data


def _total(data: Mapping[str, Any]) -> int:
    """RT leaves the total out when it filters the rows after counting; then nothing could prove completeness."""
    total = data.get("total")
    if isinstance(total, int):
        return total
    raise SourceError(
        "RT does not say how many tickets there are.",
        where="Request Tracker",
        remedy="Have UseSQLForACLChecks switched on in RT (it is by default), or give the account ShowTicket globally.",
        kept=KEPT,
        code="source.no_total",
    )


def _check_order(items: list[Any], last: int) -> None:
    try:
        ids = [int(item["id"]) for item in items]
    except (TypeError, KeyError, ValueError):
        raise _untrusted("The list holds something that is no ticket") from None
    if any(later <= earlier for earlier, later in zip([last, *ids], ids, strict=False)):
        raise _untrusted("The tickets do not come in the order of their ids")


def _untrusted(what: str) -> SourceError:
    return SourceError(
        f"{what}.",
        where="Request Tracker",
        remedy="Check that the address is RT's own (version 5) and no proxy changes its answers.",
        kept=KEPT,
        permanent=False,
        code="source.untrusted",
    )
