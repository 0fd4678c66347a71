"""What people may do about a delivery; each with a reason that is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.accounts.access import Permission, person, require
from portal.audit.services import acting
from portal.delivery.models import (
    ACKNOWLEDGED,
    PARKED,
    POSTED,
    QUEUED,
    REJECTED,
    SENDING,
    SENT,
    UNKNOWN,
    Delivery,
    DeliveryAttempt,
)
from portal.delivery.services.acknowledging import delivery_close
from portal.domain.errors import InputError, StateError
from portal.lib import clock, work

UNCHANGED = "Nothing was changed."
NOBODY_KNOWS = (UNKNOWN, SENDING)


def delivery_retry(*, delivery: Delivery, reason: str, actor: str, checked_not_there: bool = False) -> Delivery:
    """Send (again) what was not sent, was rejected, or of which nobody knows.

    For the last, the person has to state that the customer looked and has nothing (`checked_not_there`); where the
    receiver can be asked it is asked all the same before anything is sent. Raises StateError, InputError, AccessError.
    """
    with _changing(delivery, reason, actor) as locked:
        before = "not_sent" if locked.phase == QUEUED else locked.outcome or locked.phase
        if locked.phase == SENT or (locked.phase == ACKNOWLEDGED and locked.outcome != REJECTED):
            raise StateError(
                f"The receiver has it ({locked.outcome or locked.phase}); a second one would be a double.",
                kept=UNCHANGED,
                remedy="Wait for the acknowledgement, or ask the customer.",
            )
        if locked.phase in NOBODY_KNOWS and not checked_not_there:
            raise InputError(
                "Nobody knows whether it arrived; sending again could make a double.",
                kept=UNCHANGED,
                remedy="Ask the customer to look for our number, and state that they have nothing.",
            )
        before = UNKNOWN if before == SENDING else before
        _note(locked, "retry", before, f"{actor}: {reason.strip()}")
        locked.phase, locked.outcome, locked.outcome_status, locked.outcome_text = QUEUED, "", "", ""
        locked.acknowledged_at = locked.sent_at = None
        _wake(locked)
    return delivery


def delivery_ask(*, delivery: Delivery, reason: str, actor: str) -> Delivery:
    """Have the receiver asked now what became of the document. Raises StateError when it is not in doubt."""
    with _changing(delivery, reason, actor) as locked:
        if locked.phase not in NOBODY_KNOWS:
            raise StateError(f"It is {locked.phase}; there is no doubt to settle.", kept=UNCHANGED)
        _wake(locked)
    return delivery


def delivery_settle(*, delivery: Delivery, outcome: str, reason: str, actor: str) -> Delivery:
    """Note what the customer said, where no acknowledgement comes: parked, posted or rejected."""
    if outcome not in (PARKED, POSTED, REJECTED):
        raise InputError(f"'{outcome}' is no outcome.", where="outcome", remedy="It is parked, posted or rejected.")
    with _changing(delivery, reason, actor) as locked:
        if locked.phase not in (SENT, *NOBODY_KNOWS):
            raise StateError(f"It is {locked.outcome or locked.phase} already.", kept=UNCHANGED)
        text = f"{actor}: {reason.strip()}"
        _note(locked, "settle", outcome, text)
        delivery_close(locked, outcome, "", text, clock.now())
    return delivery


@contextmanager
def _changing(delivery: Delivery, reason: str, actor: str) -> Iterator[Delivery]:
    """The locked row in one recorded transaction, when no worker has it."""
    require(person(actor), Permission.DELIVER)
    if not reason.strip():
        raise InputError("A reason is missing.", where="reason", kept=UNCHANGED, remedy="Say why.")
    with acting(actor, reason.strip()):
        locked = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if locked.state == work.RUNNING:
            raise StateError("A worker has it right now.", kept=UNCHANGED, remedy="Wait a moment, then look again.")
        yield locked
    delivery.refresh_from_db()


def _note(delivery: Delivery, what: str, outcome: str, text: str) -> None:
    DeliveryAttempt.objects.create(delivery=delivery, what=what, outcome=outcome, text=text, at=clock.now())


def _wake(delivery: Delivery) -> None:
    delivery.state, delivery.due_at, delivery.failures, delivery.problem = work.QUEUED, clock.now(), 0, None
    delivery.lease_until, delivery.step = None, "waits for a worker"
    delivery.save()
