"""Take what a customer's SAP says about documents it received. Twice is harmless, late is harmless, garbage is kept."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from portal.audit.services import acting
from portal.channels.https_idoc import aleaud
from portal.channels.https_idoc.aleaud import AcknowledgementError, Report
from portal.contracts.models import SapEndpoint
from portal.delivery.models import (
    ACKNOWLEDGED,
    PARKED,
    POSTED,
    QUEUED,
    REJECTED,
    SENDING,
    SENT,
    UNKNOWN,
    Acknowledgement,
    Delivery,
)
from portal.delivery.selectors import acknowledgement_by_sha256, deliveries_numbered
from portal.delivery.services import problems
from portal.domain.errors import InputError
from portal.lib import clock, work
from portal.lib.hashing import sha256_hex

log = logging.getLogger(__name__)

ACTOR = "sap"
RANK = {"": 0, REJECTED: 1, PARKED: 2, POSTED: 3}
"""a higher one replaces a lower one, whatever the order of arrival: what is rejected may be processed again and parked,
what is parked may be posted, and nothing that SAP made is unmade by a late message"""
NUMBER_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Match:
    """One report of a message and the delivery it speaks of, if any."""

    report: Report
    number: str
    delivery: Delivery | None
    problem: str = ""


def acknowledgement_receive(
    raw: bytes, sha256: str, received_at: datetime, *, endpoint: SapEndpoint | None = None
) -> Acknowledgement:
    """Keep a message and settle the deliveries it speaks of; the same message again gives the row of the first time.

    `endpoint`: whose credential brought it; then it can speak of that customer's deliveries only. What fits no
    delivery or cannot be read is kept with its `problem`. Raises InputError (nothing kept) when the bytes are not those
    of `sha256`, or too many.
    """
    _check_whole(raw, sha256)
    if (known := acknowledgement_by_sha256(sha256)) is not None:
        return known
    try:
        with acting(ACTOR, f"acknowledgement {sha256[:12]}"):
            return _keep(raw, sha256, received_at, endpoint)
    except IntegrityError:  # the same message at the same moment: the other one was first
        first = acknowledgement_by_sha256(sha256)
        if first is None:
            raise
        return first


def _check_whole(raw: bytes, sha256: str) -> None:
    if len(raw) > aleaud.LARGEST:
        what = f"An acknowledgement of {len(raw)} bytes is too large; {aleaud.LARGEST} are taken."
        raise InputError(what, kept="Nothing was kept.", remedy="Send fewer statuses in one message.")
    if sha256_hex(raw) != sha256.lower():
        raise InputError(
            "The acknowledgement was damaged on its way: its SHA-256 is another one.",
            kept="Nothing was kept.",
            remedy="Send it again.",
        )


def _keep(raw: bytes, sha256: str, received_at: datetime, endpoint: SapEndpoint | None) -> Acknowledgement:
    common = {"sha256": sha256, "received_at": received_at}
    try:
        reports = aleaud.read(raw)
    except AcknowledgementError as error:
        return Acknowledgement.objects.create(raw=raw, problem=str(error.problem), **common)
    matches = _match(reports, endpoint)
    rows = [_row(match, raw if not place else b"", place, common) for place, match in enumerate(matches)]
    Acknowledgement.objects.bulk_create(rows)
    for match in matches:
        if match.delivery is not None and not match.problem:
            _settle(match.delivery, match.report, received_at)
    return rows[0]


def _row(match: Match, raw: bytes, place: int, common: Mapping[str, Any]) -> Acknowledgement:
    report = match.report
    settings = match.delivery.endpoint.settings if match.delivery else {}
    return Acknowledgement(
        raw=raw,
        position=place,
        number=match.number,
        status=report.status,
        outcome=_outcome(report, settings),
        text=report.text,
        delivery=match.delivery,
        problem=match.problem,
        **common,
    )


def _match(reports: Sequence[Report], endpoint: SapEndpoint | None) -> list[Match]:
    wanted = {value for report in reports for _, value in report.candidates if len(value) <= NUMBER_LENGTH}
    known = {str(d.proforma.number): d for d in deliveries_numbered(wanted)}
    return [_match_one(report, known, endpoint) for report in reports]


def _match_one(report: Report, known: Mapping[str, Delivery], endpoint: SapEndpoint | None) -> Match:
    for place, value in report.candidates:
        delivery = known.get(value)
        if delivery is None or _elsewhere(delivery, place):
            continue
        if endpoint is not None and endpoint.customer_id != delivery.endpoint.customer_id:
            problem = f"{value} belongs to another customer than the one who sent this. Nothing was changed."
            return Match(report, value, None, problem)
        return Match(report, value, delivery, _too_early(delivery, report))
    number = next((v for _, v in report.candidates if len(v) <= NUMBER_LENGTH), "")
    problem = "No document was sent under a number that stands in it. Ask the customer's SAP team which one is meant."
    return Match(report, number, None, problem)


def _elsewhere(delivery: Delivery, place: str) -> bool:
    """This customer's SAP puts our number into another field, so what stands here only looks like it."""
    wanted = aleaud.number_field(_settings(delivery.endpoint.settings))
    return bool(wanted) and wanted != place


def _too_early(delivery: Delivery, report: Report) -> str:
    """Why a report changes nothing although it fits; "" when it may."""
    if delivery.sends == 0:
        return f"Nothing was sent under {delivery.proforma.number} yet. Nothing was changed."
    if delivery.phase == QUEUED and _outcome(report, delivery.endpoint.settings) == REJECTED:
        return "It speaks of an earlier send; the document is about to be sent again. Nothing was changed."
    return ""


def _settle(delivery: Delivery, report: Report, received_at: datetime) -> None:
    """Under the row's lock. A worker that is sending loses its lease by this, and only notes its attempt."""
    delivery.refresh_from_db()  # an earlier report of the same message may have changed it
    outcome = _outcome(report, delivery.endpoint.settings)
    if not outcome:
        _progress(delivery, report, received_at)
    elif RANK[outcome] > RANK[delivery.outcome]:
        delivery_close(delivery, outcome, report.status, report.text, received_at)


def _progress(delivery: Delivery, report: Report, received_at: datetime) -> None:
    """No outcome yet, but SAP has it: that settles whether it arrived."""
    if delivery.phase in (QUEUED, SENDING, UNKNOWN):
        delivery.phase, delivery.sent_at, delivery.problem = SENT, delivery.sent_at or received_at, None
        _end(delivery, "sent")
    if delivery.phase == SENT:
        delivery.outcome_status, delivery.outcome_text = report.status, report.text
        delivery.save(update_fields=["outcome_status", "outcome_text"])


def delivery_close(delivery: Delivery, outcome: str, status: str, text: str, at: datetime) -> None:
    """Write an outcome in the caller's transaction; posted and rejected leave a problem for people."""
    delivery.phase, delivery.outcome = ACKNOWLEDGED, outcome
    delivery.outcome_status, delivery.outcome_text = status, text
    delivery.acknowledged_at, delivery.sent_at = at, delivery.sent_at or at
    problem = {POSTED: problems.posted(text), REJECTED: problems.rejected(text, status)}.get(outcome)
    delivery.problem = asdict(problem) if problem else None
    _end(delivery, outcome)
    if outcome == POSTED:
        log.warning("delivery %s: SAP posted what was to be parked", delivery.pk)


def _end(delivery: Delivery, step: str) -> None:
    delivery.state, delivery.step, delivery.failures = work.DONE, step, 0
    delivery.lease_until = delivery.due_at = None
    delivery.finished_at = clock.now()
    delivery.save()


def _outcome(report: Report, settings: Mapping[str, Any]) -> str:
    return aleaud.outcome(report, _settings(settings))


def _settings(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    given = settings.get("acknowledgement")
    return given if isinstance(given, Mapping) else {}
