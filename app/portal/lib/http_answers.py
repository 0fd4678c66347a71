"""What another system answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from portal.lib import http_errors
from portal.lib.http_errors import HttpError


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` ignore case; `where` is for messages."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    where: str = ""

    @property
    def retry_after(self) -> float | None:
        """Seconds the other side asked us to wait."""
        return http_errors.retry_after_seconds(self.headers.get("Retry-After"), datetime.now(UTC))

    def json(self) -> Any:
        """The body as JSON. Raises HttpError when it is none, and says so when it is a page for people."""
        for loads in (orjson.loads, json.loads):  # the slower one takes half an emoji, cut off by the other side
            try:
                return loads(self.body)
            except (ValueError, RecursionError):
                continue
        raise self._no_json()

    def refusal(self) -> HttpError:
        """The error that a status outside 2xx stands for."""
        elsewhere = urlsplit(self.headers.get("Location", "")).hostname or ""
        return http_errors.of_status(self.status, where=self.where, retry_after=self.retry_after, elsewhere=elsewhere)

    def _no_json(self) -> HttpError:
        media_type = self.headers.get("Content-Type", "").partition(";")[0] or "no media type"
        page = self.body.lstrip()[:1] == b"<"
        what = "a page for people" if page else "damaged or no JSON"
        return HttpError(
            f"The answer is {what} ({media_type}, {len(self.body)} bytes, HTTP {self.status}) instead of JSON.",
            where=self.where,
            remedy="A sign-in page, a wrong address or a proxy answers so: check the address and the account."
            if page
            else http_errors.TRY_LATER,
            permanent=page,
            status=self.status,
        )


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """What came back, decoded."""

    data: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    status: int
