"""From a message of SQS to what S3 said in it (event message structure 2.x). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from lambdas.shared.batch import PoisonError


@dataclass(frozen=True, slots=True)
class Notice:
    """One object's version. `created` False: it was removed, or a delete marker hides it."""

    bucket: str
    key: str
    version_id: str
    created: bool
    event_time: str


def read(record: Mapping[str, Any]) -> tuple[Notice, ...]:
    """Every notice of a message; none for the test event S3 sends when notifications are set up. Raises PoisonError."""
    try:
        message = json.loads(record.get("body", ""))
        if message.get("Event") == "s3:TestEvent":
            return ()
        return tuple(_notice(one) for one in message["Records"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PoisonError(f"no notification of S3 ({type(error).__name__})") from None


def _notice(one: Mapping[str, Any]) -> Notice:
    what, s3 = str(one["eventName"]), one["s3"]
    if not what.startswith(("ObjectCreated:", "ObjectRemoved:")):
        raise PoisonError("S3 tells of something that this function was not made for")
    return Notice(
        bucket=str(s3["bucket"]["name"]),
        key=unquote_plus(str(s3["object"]["key"])),  # S3 writes keys as in a query
        version_id=str(s3["object"].get("versionId", "")),
        created=what.startswith("ObjectCreated:"),
        event_time=str(one.get("eventTime", "")),
    )
