"""What arrives in the event queue: pointers of the intake function, "month due" of the scheduler. Twice is harmless.

    {"type": "intake", "version": 1, "kind": "acknowledgements", "customer": "acme", "bucket": ..., "key": ...,
     "sha256": ..., "received_at": "2026-11-23T10:00:00.000+00:00", ...}
    {"type": "month_due", "version": 1, "scheduled_at": "2026-12-01T04:00:00Z", "contract": "", "period": ""}

In "month due" `contract` (a number) and `period` (YYYY-MM) may be left out: every contract, the month before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from portal.contracts.models import SapEndpoint
from portal.contracts.selectors import customer_by_code, endpoints_of
from portal.delivery.services.acknowledging import acknowledgement_receive
from portal.domain.errors import PortalError
from portal.domain.periods import Period
from portal.lib.storage import S3Store
from portal.proformas.services import months_start_due

SCHEMA = 1
YEARS = range(2000, 3000)
"""of messages that make sense; the calendar's own ends would be errors further in"""


class EventError(PortalError):
    """A message that cannot be acted on, now or later."""

    code = "event.refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """`what` is for the log; `work` says that there is something to do for a worker now."""

    what: str
    work: bool = False


def event_take(content: Mapping[str, Any]) -> Taken:
    """Act on one message. Raises PortalError; a permanent one when the same message can never be acted on."""
    act = TYPES.get(str(content.get("type", "")))
    if act is None or content.get("version", SCHEMA) != SCHEMA:
        kind, version = str(content.get("type"))[:20], str(content.get("version"))[:20]
        raise _refused(f"A message of type '{kind}', version '{version}' is not known to this release.")
    return act(content)


def _intake(content: Mapping[str, Any]) -> Taken:
    take = KINDS.get(_text(content, "kind"))
    if take is None:
        raise _refused(f"What a customer sent as '{_text(content, 'kind')[:30]}' is not known to this release.")
    if _text(content, "bucket") != settings.INBOX_BUCKET:  # a message must not make the portal read other buckets
        raise _refused("The message points to another bucket than PROFORMA_INBOX_BUCKET.")
    raw = S3Store(settings.INBOX_BUCKET, settings.S3_ENDPOINT_URL or None).get(_text(content, "key"))
    return take(content, raw)


def _acknowledgement(content: Mapping[str, Any], raw: bytes) -> Taken:
    sha256 = _text(content, "sha256")
    kept = acknowledgement_receive(
        raw, sha256, _moment(content, "received_at"), endpoint=_endpoint(_text(content, "customer"))
    )
    return Taken(f"acknowledgement {sha256[:12]}: {kept.outcome or kept.status or 'unreadable'}")


def _endpoint(code: str) -> SapEndpoint:
    """Any of the customer's: it stands for the customer, who proved to be itself at the intake."""
    customer = customer_by_code(code)
    endpoint = endpoints_of(customer).first() if customer else None
    if endpoint is None:
        raise _refused(f"There is no customer '{code[:31]}' with an SAP endpoint.")
    return endpoint


def _month_due(content: Mapping[str, Any]) -> Taken:
    at, number = _moment(content, "scheduled_at"), str(content.get("contract") or "")
    period = Period.parse(str(content["period"])) if content.get("period") else None
    if period is not None and period.year not in YEARS:
        raise _refused("'period' of the message is no month that could be billed.")
    due = months_start_due(at=at, period=period, number=number)
    what = f"month due: {len(due.started)} started, {len(due.known)} started before, {len(due.refused)} refused"
    return Taken(what, work=bool(due.started))


TYPES: dict[str, Callable[[Mapping[str, Any]], Taken]] = {"intake": _intake, "month_due": _month_due}
KINDS: dict[str, Callable[[Mapping[str, Any], bytes], Taken]] = {"acknowledgements": _acknowledgement}


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if isinstance(value, str) and value:
        return value
    raise _refused(f"The message lacks '{name}'.")


def _moment(content: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(content, name))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in YEARS:
        raise _refused(f"'{name}' of the message is no moment with a time zone.")
    return moment


def _refused(what: str) -> EventError:
    return EventError(
        what,
        kept="The message goes to the dead-letter queue.",
        remedy="Mend the cause, then redrive the dead-letter queue.",
    )
