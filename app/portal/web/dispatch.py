"""What the pages need of the later stages: documents, deliveries, and the word that says hurry."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

from portal.delivery import selectors as deliveries
from portal.delivery import tasks
from portal.delivery.models import ACKNOWLEDGED, POSTED, QUEUED, REJECTED, SENDING, SENT, UNKNOWN, Delivery
from portal.documents import selectors as documents
from portal.documents.models import Rendering
from portal.domain.states import State
from portal.lib.work import FAILED
from portal.proformas.models import Proforma

SOON, LATER = 2, 5
"""seconds until the page asks again: while a worker is at it, and while SAP is waited for"""
PATIENCE = timedelta(days=2)
"""after which an acknowledgement that has not come is somebody's business"""
ASK = ("delivery_ask", "Ask the receiver now")
RETRY = ("delivery_retry", "Send again")
SETTLE = ("delivery_settle", "Note what the customer said")


hurry = tasks.hurry
"""wakes a worker once what was just written is committed; should the queue be down, a sweep finds it anyway"""


def context(proforma: Proforma) -> dict[str, Any]:
    """Documents, delivery and SAP's answer of one proforma; `again` is when to ask anew, 0 for never."""
    if proforma.state != State.ISSUED:
        return {"documents": (), "again": 0}
    rendering, delivery = documents.rendering_of(proforma), deliveries.delivery_of(proforma)
    return {
        "documents": documents.documents_of(proforma),
        "rendering": rendering,
        "delivery": delivery,
        "attempts": deliveries.attempts_of(delivery) if delivery else (),
        "acknowledgements": deliveries.acknowledgements_of(delivery) if delivery else (),
        "again": _again(rendering, delivery),
        "deeds": _deeds(delivery) if delivery else (),
    }


def _deeds(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """(name of the address, label) of what a person may do about it now; the services check it again."""
    if delivery.phase in (UNKNOWN, SENDING):
        return (ASK, RETRY, SETTLE)
    if delivery.phase == SENT:
        return (SETTLE,)
    if delivery.outcome == REJECTED or (delivery.phase == QUEUED and delivery.sends + delivery.failures > 0):
        return (RETRY,)
    return (RETRY,) if delivery.state == FAILED else ()


def _again(rendering: Rendering | None, delivery: Delivery | None) -> int:
    if rendering is not None and rendering.state == FAILED:
        return 0
    if delivery is None or delivery.phase not in (SENT, ACKNOWLEDGED):
        return 0 if delivery is not None and delivery.state == FAILED else SOON
    return LATER if delivery.phase == SENT else 0


def unmatched_count() -> int:
    """Acknowledgements that fit no delivery."""
    return deliveries.acknowledgements_unmatched().count()


def attention() -> dict[int, str]:
    """Proforma -> what somebody has to do about its documents or its delivery."""
    found = {unit.proforma_id: "See why its documents could not be made" for unit in documents.renderings_stopped()}
    troubled = chain(
        deliveries.deliveries_unanswered(PATIENCE),
        deliveries.deliveries_unclear(),
        deliveries.deliveries_stopped(),
        deliveries.deliveries_posted(),
    )
    return found | {delivery.proforma_id: _deed(delivery) for delivery in troubled}


def _deed(delivery: Delivery) -> str:
    if delivery.outcome == POSTED:
        return "SAP posted it instead of parking it: talk to the customer"
    if delivery.outcome == REJECTED:
        return "SAP rejected it: see why"
    if delivery.phase == SENT:
        return "SAP has not answered for two days: ask the customer"
    return "Find out whether SAP has it" if delivery.phase == UNKNOWN else "See why it was not delivered"
