"""A contract's month from the order to the draft: collect, rate, compose; blocked until people have decided."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from django.db import transaction

from portal.accounts.access import Permission, person, require
from portal.audit.services import acting
from portal.contracts.models import Contract
from portal.contracts.selectors import contract_problems, zone_of
from portal.domain.errors import InputError, PortalError, Problem, StateError
from portal.domain.periods import Period
from portal.domain.rating import Box
from portal.domain.states import State
from portal.lib import clock, memory, work
from portal.proformas.models import BLOCKED, Decision, Edit, MonthRun, Proforma
from portal.proformas.selectors import carried_keys, unfinished_months
from portal.proformas.services.composing import compose, rate
from portal.tickets.models import Collection
from portal.tickets.services import collection_create, collection_run

LOOK_AGAIN = timedelta(seconds=2)


def month_start(*, contract: Contract, period: Period, actor: str) -> MonthRun:
    """Order a month; the same order twice gives the same run. Raises InputError when the month cannot be billed yet."""
    require(person(actor), Permission.PREPARE)
    if existing := MonthRun.objects.filter(contract=contract, period_start=period.first_day).first():
        return existing
    _check_can_start(contract, period)
    with acting(actor):
        # The contract's row serialises two people who press the button at once.
        Contract.objects.select_for_update().get(pk=contract.pk)
        if existing := MonthRun.objects.filter(contract=contract, period_start=period.first_day).first():
            return existing
        collection = collection_create(
            contract=contract, period=period, carried_keys=carried_keys(contract), actor=actor
        )
        return MonthRun.objects.create(
            contract=contract, period_start=period.first_day, collection=collection, requested_by=actor
        )


def month_resume(*, run: MonthRun, actor: str) -> MonthRun:
    """Go on after a failure or a decision: collects if the collection is not complete, then composes (again)."""
    require(person(actor), Permission.PREPARE)
    _check_draft(run)
    with acting(actor):
        locked = _locked(run)
        if locked.collection.state != work.DONE:
            work.requeue(locked.collection)
        locked.requested_by = actor
        locked.save(update_fields=["requested_by"])
        work.requeue(locked)
    run.refresh_from_db()
    return run


def month_recollect(*, run: MonthRun, reason: str, actor: str) -> MonthRun:
    """Read everything anew, for example after tickets were mended at the source; the earlier reading is kept."""
    require(person(actor), Permission.PREPARE)
    if not reason.strip():
        raise InputError("A reason is missing.", where="reason", kept="Nothing was changed.", remedy="Say why.")
    _check_draft(run)
    with acting(actor, reason.strip()):
        collection = collection_create(
            contract=run.contract, period=run.period, carried_keys=run.collection.carried_keys, actor=actor
        )
        locked = _locked(run)
        locked.collection, locked.requested_by = collection, actor
        locked.save(update_fields=["collection", "requested_by"])
        work.requeue(locked)
    run.refresh_from_db()
    return run


def decision_record(
    *, contract: Contract, period: Period, source_key: str, number: str, box: str, reason: str, actor: str
) -> Decision:
    """What a named person decides about a ticket; an empty box takes an earlier decision back."""
    require(person(actor), Permission.EDIT)
    if box not in ("", Box.EXCLUDED, Box.CARRIED_OVER):
        raise InputError(f"A ticket cannot be put into '{box}'.", where=number, remedy="Exclude it or carry it over.")
    if not reason.strip():
        raise InputError("A reason is missing.", where=number, kept="Nothing was decided.", remedy="Say why.")
    with acting(actor, reason.strip()):
        return Decision.objects.create(
            contract=contract,
            period_start=period.first_day,
            source_key=source_key,
            number=number,
            box=box,
            reason=reason.strip(),
            decided_by=actor,
        )


def month_advance(pk: int) -> bool:
    """The worker's part, under a lease. False when there was nothing to claim."""
    return work.run(MonthRun, pk, _advance)


def _advance(run: MonthRun) -> None:
    memory.reset_peak()
    work.update(run, step="collecting")
    _collect(run)
    work.update(run, step="rating")
    if problems := contract_problems(run.contract, run.period):
        return _block(run, problems)
    rated = rate(run)
    if rated.problems:
        return _block(run, rated.problems)
    work.update(run, step="composing", rated_at=clock.now())
    with acting("worker", f"composed for {run.requested_by}"):
        proforma = compose(run, rated)
        # Whoever orders a composing has edited it, also when somebody else orders the next one.
        Edit.objects.create(proforma=proforma, editor=run.requested_by)
        work.finish(run, findings=[], step="composed", peak_mb=memory.peak_mb())
    return None


def _block(run: MonthRun, problems: tuple[Problem, ...]) -> None:
    with transaction.atomic():
        work.finish(run, BLOCKED, findings=[asdict(p) for p in problems], step="waits for people")


def _collect(run: MonthRun) -> None:
    """Raises the collection's own problem, or PostponedError while another worker or a pause stands in between."""
    if run.collection.state != work.DONE:
        collection_run(run.collection_id)
    collection = Collection.objects.get(pk=run.collection_id)
    run.collection = collection
    if collection.state == work.FAILED:
        problem = Problem(**collection.problem) if collection.problem else Problem("collection.failed", "It failed.")
        raise PortalError(
            problem.what, where=problem.where, kept=problem.kept, remedy=problem.remedy, code=problem.code
        )
    if collection.state != work.DONE:
        raise work.PostponedError(max(collection.due_at or clock.now(), clock.now() + LOOK_AGAIN))


def _check_can_start(contract: Contract, period: Period) -> None:
    if not period.ended(clock.now(), zone_of(contract)):
        raise InputError(
            f"{period} has not ended yet in {contract.timezone}.",
            where=f"contract {contract.number}",
            kept="Nothing was started.",
            remedy=f"Start it on {period.end_day} or later.",
        )
    if problems := contract_problems(contract, period):
        first = problems[0]
        raise InputError(first.what, where=first.where, kept="Nothing was started.", remedy=first.remedy)
    if open_months := unfinished_months(contract, period):
        raise InputError(
            f"{', '.join(open_months)} of this contract is not issued yet, and may still carry tickets over.",
            where=f"contract {contract.number}",
            kept="Nothing was started.",
            remedy="Issue it first.",
        )


def _locked(run: MonthRun) -> MonthRun:
    """The row as it is now, for a person to change. Raises StateError while a worker has it."""
    locked = MonthRun.objects.select_for_update(of=("self",)).select_related("collection").get(pk=run.pk)
    if locked.state == work.RUNNING:
        raise StateError("The month is being worked on.", kept="Nothing was changed.", remedy="Wait for its end.")
    return locked


def _check_draft(run: MonthRun) -> None:
    proforma = Proforma.objects.filter(contract=run.contract, period_start=run.period_start).first()
    if proforma and proforma.state != State.DRAFT:
        raise StateError(
            f"The proforma of {run.period} is {proforma.state_label}.",
            kept="Nothing was changed.",
            remedy="Send it back first." if proforma.state != State.ISSUED else "A later month corrects it.",
        )
