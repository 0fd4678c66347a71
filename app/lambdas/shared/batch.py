"""A batch from SQS, one message at a time: whoever fails comes back alone, the others are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambdas.shared import log


class PoisonError(Exception):
    """A message that cannot be understood, and will not be next time. The queue's redrive policy ends its rounds.

    The text is for the log: it names what is wrong, never what the message says.
    """


def run(event: Any, handle: Callable[[Mapping[str, Any]], None]) -> dict[str, list[dict[str, str]]]:
    """Give each record to `handle`; what SQS expects with ReportBatchItemFailures: the messages to deliver again.

    Raises ValueError when the event is no batch of SQS at all: then the invocation itself fails, and is seen.
    """
    failed = [record["messageId"] for record in _records(event) if not _done(record, handle)]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def _records(event: Any) -> list[Mapping[str, Any]]:
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not all(isinstance(r, Mapping) and r.get("messageId") for r in records):
        log.write("ERROR", "malformed_event", problem="no batch of SQS records with a messageId")
        raise ValueError("the event is no batch of SQS records")
    return records


def _done(record: Mapping[str, Any], handle: Callable[[Mapping[str, Any]], None]) -> bool:
    message = {"message_id": str(record["messageId"]), "receives": _receives(record)}
    try:
        handle(record)
    except PoisonError as error:
        log.write("ERROR", "poison", problem=str(error), **message)
        return False
    except Exception as error:  # noqa: BLE001 - one message must not take the others with it
        log.write("ERROR", "failed", **log.unexpected(error), **message)
        return False
    return True


def _receives(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    return str(attributes.get("ApproximateReceiveCount", "")) if isinstance(attributes, Mapping) else ""
