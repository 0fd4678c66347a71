"""The worker's side of the outbox: send once, and after an ambiguous end ask before anything else.

A row says `sending` before a byte leaves. Whoever finds it so without a live worker knows that the document may have
arrived, asks the receiver, and sends again only when the receiver says, some time after the send, that it has nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from django.conf import settings

from portal.audit.services import WORKER, acting
from portal.delivery.models import ACKNOWLEDGED, QUEUED, REJECTED, SENDING, SENT, UNKNOWN, Delivery, DeliveryAttempt
from portal.delivery.selectors import attempt_last, delivery_get, undelivered
from portal.delivery.services import problems
from portal.delivery.services.receivers import Receiver, receiver_of, settle_seconds
from portal.domain.channels import LookUp, SendOutcome, Sent
from portal.lib import clock, work

LONGEST_PAUSE = 3600.0
"""seconds between two tries; a tunnel may be down for a weekend, so trying does not end by itself"""


def deliveries_ensure() -> int:
    """Put every rendered IDoc into the outbox, addressed to its contract's endpoint; how many were put."""
    made = 0
    for document in undelivered():
        fields = {"document": document, "endpoint": document.proforma.contract.endpoint}
        with acting(WORKER, "rendered"):
            made += Delivery.objects.get_or_create(proforma=document.proforma, defaults=fields)[1]
    return made


def delivery_run(pk: int) -> bool:
    """Drive one delivery as far as it goes now. False when there was nothing to claim."""
    return work.run(Delivery, pk, _drive)


def _drive(claimed: Delivery) -> None:
    unit = delivery_get(claimed.pk)
    unit.attempt = claimed.attempt  # the fence is the one of this claim
    if unit.phase == SENDING:
        _note_interruption(unit)
    receiver = receiver_of(unit)
    if unit.phase == UNKNOWN and not _may_send_again(unit, receiver):
        return
    if unit.phase == QUEUED and _found_after_all(unit, receiver):
        return
    _send(unit, receiver)


def _note_interruption(unit: Delivery) -> None:
    """A worker ended, or failed unexpectedly, between `sending` and the end of the send."""
    text = "The worker ended before it noted an answer."
    with acting(WORKER, "interrupted send"):
        _attempt(unit, "send", SendOutcome.AMBIGUOUS, text=text)
        work.update(unit, phase=UNKNOWN)


def _send(unit: Delivery, receiver: Receiver) -> None:
    parcel = receiver.parcel()
    with acting(WORKER, f"send {unit.sends + 1}"):
        work.update(unit, phase=SENDING, sends=unit.sends + 1, step="sending")
    sent = receiver.channel.send(receiver.target, parcel)
    _note(unit, sent)
    if sent.outcome is SendOutcome.AMBIGUOUS and _may_send_again(unit, receiver):
        _later(unit, 0.0, phase=QUEUED, problem=None)


def _note(unit: Delivery, sent: Sent) -> None:
    """The attempt and what follows from it, in one transaction; the attempt stays even when the lease is gone."""
    try:
        with acting(WORKER, f"send {unit.sends}: {sent.outcome}"):
            _attempt(unit, "send", sent.outcome, sent.status, sent.text)
            _OUTCOMES[sent.outcome](unit, sent)
    except work.LeaseLostError:
        with acting(WORKER, f"send {unit.sends}: {sent.outcome}"):
            _attempt(unit, "send", sent.outcome, sent.status, sent.text)
        raise


def _accepted(unit: Delivery, sent: Sent) -> None:
    del sent
    work.finish(unit, phase=SENT, sent_at=clock.now(), step="sent", problem=None, failures=0)


def _refused(unit: Delivery, sent: Sent) -> None:
    work.finish(
        unit,
        phase=ACKNOWLEDGED,
        outcome=REJECTED,
        outcome_status=sent.status[:4],
        outcome_text=sent.text,
        acknowledged_at=clock.now(),
        step="refused",
        problem=asdict(problems.rejected(sent.text, sent.status)),
        failures=0,
    )


def _not_sent(unit: Delivery, sent: Sent) -> None:
    problem = asdict(problems.not_sent(unit, sent))
    if sent.permanent:
        work.finish(unit, work.FAILED, phase=QUEUED, step="not sent", problem=problem)
        return
    _later(unit, max(_pause(unit.failures), sent.retry_after or 0.0), phase=QUEUED, step="not sent", problem=problem)


def _ambiguous(unit: Delivery, sent: Sent) -> None:
    work.update(unit, phase=UNKNOWN, step="asking the receiver", problem=asdict(problems.unclear(unit, sent.text)))


_OUTCOMES = {
    SendOutcome.ACCEPTED: _accepted,
    SendOutcome.REFUSED: _refused,
    SendOutcome.NOT_SENT: _not_sent,
    SendOutcome.AMBIGUOUS: _ambiguous,
}


def _found_after_all(unit: Delivery, receiver: Receiver) -> bool:
    """A person said that the receiver has nothing; where it can be asked, its own word is better."""
    last = attempt_last(unit)
    if last is None or (last.what, last.outcome) != ("retry", UNKNOWN):
        return False
    answer = _ask(unit, receiver)
    if answer.found:
        _found(unit, receiver, answer)
    return bool(answer.found)


def _may_send_again(unit: Delivery, receiver: Receiver) -> bool:
    """Ask what became of the send. True only when the receiver certainly has nothing."""
    answer = _ask(unit, receiver)
    if answer.found:
        _found(unit, receiver, answer)
    elif answer.found is None:
        _no_answer(unit, answer)
    elif (wait := _settling(unit, receiver)) > 0:
        # A slow receiver may still be storing it: its "no" counts only when some time has passed.
        _later(unit, wait, step="asking the receiver again", problem=asdict(problems.settling(unit)))
    else:
        return True
    return False


def _ask(unit: Delivery, receiver: Receiver) -> LookUp:
    work.update(unit, step="asking the receiver")
    answer = receiver.channel.look_up(receiver.target, receiver.number)
    outcome = {True: "found", False: "not_found", None: "no_answer"}[answer.found]
    last = attempt_last(unit)
    if last is None or (last.what, last.outcome, last.text) != ("look_up", outcome, answer.text):
        with acting(WORKER, "look-up"):
            _attempt(unit, "look_up", outcome, text=answer.text)
    return answer


def _found(unit: Delivery, receiver: Receiver, answer: LookUp) -> None:
    with acting(WORKER, "the receiver has it"):
        if answer.sha256 and answer.sha256 != receiver.sha256:
            problem = asdict(problems.other_content(unit, answer.sha256))
            work.finish(unit, work.FAILED, phase=UNKNOWN, step="found with other content", problem=problem)
        else:
            work.finish(unit, phase=SENT, sent_at=clock.now(), step="sent", problem=None, failures=0)


def _no_answer(unit: Delivery, answer: LookUp) -> None:
    problem = asdict(problems.unclear(unit, answer.text, asked=answer.again))
    if answer.again:
        _later(unit, _pause(unit.failures), step="asking the receiver again", problem=problem)
        return
    with acting(WORKER, "the receiver cannot be asked"):
        work.finish(unit, work.FAILED, phase=UNKNOWN, step="waits for the acknowledgement", problem=problem)


def _settling(unit: Delivery, receiver: Receiver) -> float:
    """Seconds that have to pass before a "not there" counts, from the end of the last send; longer after each one."""
    last = attempt_last(unit, "send")
    passed = (clock.now() - last.at).total_seconds() if last else 0.0
    settling = settle_seconds(receiver.target)
    return max(settling, _pause(unit.sends - 1) if settling else 0.0) - passed


def _later(unit: Delivery, seconds: float, *, problem: object, **fields: object) -> None:
    due_at = clock.now() + timedelta(seconds=seconds)
    with acting(WORKER):
        work.update(
            unit,
            state=work.QUEUED,
            due_at=due_at,
            lease_until=None,
            failures=unit.failures + 1,
            problem=problem,
            **fields,
        )


def _pause(tries: int) -> float:
    """Seconds after so many tries: RETRY_SECONDS, then twice as long each time, an hour at most."""
    return float(min(LONGEST_PAUSE, settings.RETRY_SECONDS * 2 ** min(max(tries, 0), 12)))


def _attempt(unit: Delivery, what: str, outcome: str, status: str = "", text: str = "") -> None:
    DeliveryAttempt.objects.create(
        delivery_id=unit.pk, what=what, outcome=str(outcome), status=status, text=text, at=clock.now()
    )
