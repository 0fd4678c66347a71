"""What people read about a delivery that is not simply on its way."""

from __future__ import annotations

from portal.delivery.models import Delivery
from portal.domain.channels import Sent
from portal.domain.errors import Problem

KEPT = "The proforma and its documents are kept as issued."


def not_sent(delivery: Delivery, sent: Sent) -> Problem:
    """Certain that the receiver has nothing."""
    remedy = "Correct it, then send again." if sent.permanent else "It is sent again by itself."
    return Problem("delivery.not_sent", sent.text or "It could not be sent.", _where(delivery), remedy, KEPT)


def unclear(delivery: Delivery, why: str, *, asked: bool = True) -> Problem:
    """It may have arrived."""
    remedy = (
        "The receiver is asked again by itself."
        if asked
        else "It waits for SAP's acknowledgement. Or ask the customer whether it is in their WE02, and say so here."
    )
    kept = "It is not sent a second time by itself."
    return Problem(
        "delivery.unknown", f"Nobody knows whether it arrived. {why}".strip(), _where(delivery), remedy, kept
    )


def settling(delivery: Delivery) -> Problem:
    """The receiver said "not there" too early to be believed."""
    what = "The end of the send was not clear; the receiver does not have it so far."
    return Problem("delivery.settling", what, _where(delivery), "It is asked once more, then sent again.", KEPT)


def other_content(delivery: Delivery, sha256: str) -> Problem:
    """The receiver has the number with other bytes."""
    return Problem(
        "delivery.other_content",
        f"The receiver has another document under this number (SHA-256 {sha256[:12]}...).",
        _where(delivery),
        "Find out with the customer who sent it; it may come from a rehearsal or from another installation.",
        "It is not sent again by itself.",
    )


def rejected(text: str, status: str) -> Problem:
    """SAP or its gateway said no."""
    what = f"The receiver rejected it (status {status or '?'}): {text or 'no reason given'}"
    return Problem(
        "delivery.rejected",
        what if what.endswith(".") else f"{what}.",
        remedy="Settle the reason with the customer; then they process it again, or send it again here.",
        kept=KEPT,
    )


def posted(text: str) -> Problem:
    """The warning of all warnings: it is a payable now."""
    return Problem(
        "delivery.posted",
        f"SAP posted it instead of parking it: {text or 'no text'}. It is a payable at the customer now.",
        remedy="Call the customer's accounting at once: the document has to be reversed and the routing corrected.",
        kept=KEPT,
    )


def _where(delivery: Delivery) -> str:
    return f"endpoint {delivery.endpoint.name}"
