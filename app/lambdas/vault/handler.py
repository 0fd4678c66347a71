"""The witness outside the database: the SHA-256 of every document that is stored (S3 -> SQS) is noted where the portal
cannot write, and whoever changes, replaces, removes or unlocks one raises an alarm."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdas.shared import aws, batch, log
from lambdas.vault import document, register
from lambdas.vault.notification import Notice, read


def handler(event: Any, context: Any) -> dict[str, list[dict[str, str]]]:
    """Messages that SQS has to deliver again. Raises ValueError when the event is no batch of SQS."""
    del context
    return batch.run(event, _message)


def _message(record: Mapping[str, Any]) -> None:
    for notice in read(record):
        _witness(notice)


def _witness(notice: Notice) -> None:
    if not notice.created:
        return _alarm(notice, ["removed"])
    version = document.look(notice)
    if version is None:
        return _alarm(notice, ["gone"])
    if not version.id:
        return _alarm(notice, ["not_versioned"], version.sha256)
    notice = replace(notice, version_id=version.id)
    if (known := register.read(notice)) is not None:
        return _compare(notice, version, known)
    found = document.findings(notice, version)
    if found:
        # before the entry: after an interruption an alarm comes twice rather than never
        _alarm(notice, found, version.sha256)
    register.write(notice, register.entry(notice, version, found))
    log.write("INFO", "document_registered", **_named(notice), sha256=version.sha256, how=version.how, findings=found)
    return None


def _compare(notice: Notice, version: document.Version, known: Mapping[str, Any]) -> None:
    """The event came before. What is stored must still be what was noted then."""
    if known.get("sha256") != version.sha256:
        _alarm(notice, ["register_differs"], version.sha256)
    else:
        log.write("INFO", "document_known", **_named(notice), sha256=version.sha256)


def _alarm(notice: Notice, found: list[str], sha256: str = "") -> None:
    """A line, a metric, a message to people. Raises an error of AWS when they could not be told: it comes again."""
    named = _named(notice)
    log.write("ERROR", "document_alarm", **named, sha256=sha256, findings=found)
    log.count("DocumentAlarm", {"Function": "vault"}, findings=found)
    if topic := os.environ.get("ALARM_TOPIC_ARN", ""):
        told = {"event": "document_alarm", **named, "sha256": sha256, "findings": found}
        aws.client("sns").publish(TopicArn=topic, Subject="Proforma: a document", Message=json.dumps(told, indent=1))


def _named(notice: Notice) -> dict[str, log.Value]:
    return {"bucket": notice.bucket, "key": notice.key, "version_id": notice.version_id}
