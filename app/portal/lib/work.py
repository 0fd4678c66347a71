"""Units of work: the row is the truth. A worker claims it under a lease, a sweeper re-drives it, twice is harmless."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q

from portal.domain.errors import PortalError, Problem
from portal.lib import clock, memory

log = logging.getLogger(__name__)
Unit = TypeVar("Unit", bound="WorkUnit")

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
MAX_ATTEMPTS = 6


class LeaseLostError(Exception):
    """Another worker has taken the unit over; whatever this one did must not be written."""


class PostponedError(Exception):
    """Raised by the work itself: nothing is wrong, but it can only go on at `due_at`."""

    def __init__(self, due_at: datetime) -> None:
        self.due_at = due_at
        super().__init__(due_at.isoformat())


class WorkUnit(models.Model):
    """State, lease and attempt of one piece of work, and what people watch while it runs.

    `due_at` None means that it waits for a person. `attempt` fences: a worker that lost its lease cannot finish.
    """

    state = models.CharField(max_length=16, default=QUEUED)
    due_at = models.DateTimeField(null=True, default=clock.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    problem: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    step = models.CharField(max_length=80, blank=True, default="")
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True, blank=True)
    peak_mb = models.PositiveIntegerField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def percent(self) -> int | None:
        if not self.progress_total:
            return None
        return min(100, self.progress_done * 100 // self.progress_total)


def due(model: type[Unit]) -> models.QuerySet[Unit]:
    """Units that a worker may claim now: due, or running with a lease that has run out."""
    now = clock.now()
    expired = Q(state=RUNNING) & (Q(lease_until__lt=now) | Q(lease_until__isnull=True))
    return model._default_manager.filter(Q(state=QUEUED, due_at__lte=now) | expired).order_by("pk")


def claim(model: type[Unit], pk: int) -> Unit | None:
    """Take the unit for one lease. None when somebody else has it or it is not due."""
    now = clock.now()
    taken = (
        due(model)
        .filter(pk=pk)
        .order_by()
        .update(
            state=RUNNING,
            attempt=F("attempt") + 1,
            lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
            started_at=now,
            finished_at=None,
            problem=None,
        )
    )
    return model._default_manager.get(pk=pk) if taken else None


def update(unit: WorkUnit, **fields: Any) -> None:
    """Write fields of a unit that is still ours. Raises LeaseLostError (and writes nothing) when it is not."""
    mine = type(unit)._default_manager.filter(pk=unit.pk, attempt=unit.attempt, state=RUNNING)
    if not mine.update(**fields):
        raise LeaseLostError(f"{unit._meta.label} {unit.pk}, attempt {unit.attempt}")
    for name, value in fields.items():
        setattr(unit, name, value)


def finish(unit: WorkUnit, state: str = DONE, **fields: Any) -> None:
    """End a unit in the caller's transaction, so that the result and its end are one. Raises LeaseLostError."""
    fields.setdefault("peak_mb", memory.peak_mb())
    update(unit, state=state, lease_until=None, due_at=None, finished_at=clock.now(), **fields)


def fail(unit: WorkUnit, error: Exception) -> None:
    """Note what went wrong; a passing reason is tried again later, a permanent one waits for a person."""
    permanent = error.permanent if isinstance(error, PortalError) else False
    failures = unit.failures + 1
    common = {"problem": asdict(_problem(error)), "failures": failures, "lease_until": None}
    if permanent or failures >= MAX_ATTEMPTS:
        update(unit, state=FAILED, due_at=None, finished_at=clock.now(), **common)
    else:
        pause = settings.RETRY_SECONDS * 2 ** (failures - 1)
        update(unit, state=QUEUED, due_at=clock.now() + timedelta(seconds=pause), **common)


def _problem(error: Exception) -> Problem:
    if isinstance(error, PortalError):
        return error.problem
    return Problem(
        "work.unexpected",
        f"An unexpected {type(error).__name__} stopped the work.",
        remedy="It is tried again by itself; the worker's log has the trace.",
        kept="What was finished before is kept.",
    )


def requeue(unit: WorkUnit) -> None:
    """A person asks for another try of a unit that is not running."""
    model = type(unit)._default_manager
    model.filter(pk=unit.pk).exclude(state=RUNNING).update(
        state=QUEUED, due_at=clock.now(), failures=0, problem=None, lease_until=None
    )
    unit.refresh_from_db()


def run(model: type[Unit], pk: int, do: Callable[[Unit], None]) -> bool:
    """Claim, keep the lease alive while `do` works, note a failure. False when there was nothing to claim.

    `do` writes its result and calls `finish` in one transaction.
    """
    unit = claim(model, pk)
    if unit is None:
        return False
    memory.reset_peak()
    try:
        _work(unit, do)
    except LeaseLostError as error:
        log.warning("lease lost: %s", error)
    return True


def _work(unit: Unit, do: Callable[[Unit], None]) -> None:
    """Raises LeaseLostError, also when it was lost before a failure could be noted."""
    try:
        with _kept_alive(unit):
            do(unit)
    except LeaseLostError:
        raise
    except PostponedError as error:
        update(unit, state=QUEUED, due_at=error.due_at, lease_until=None)
    except Exception as error:  # noqa: BLE001 - whatever it is, the row must say so
        _log_failure(unit, error)
        fail(unit, error)


def _log_failure(unit: WorkUnit, error: Exception) -> None:
    """A PortalError is for people and safe to print; of any other only the place, since its text may quote a ticket."""
    if isinstance(error, PortalError):
        log.warning("%s %s: %s", unit._meta.label, unit.pk, error.problem.code)
        return
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else "?"
    log.error("%s %s: unexpected %s at %s", unit._meta.label, unit.pk, type(error).__name__, place)


@contextmanager
def _kept_alive(unit: WorkUnit) -> Iterator[None]:
    """Renew the lease from a thread; it dies with the process, so a killed worker's lease runs out."""
    stop = threading.Event()
    thread = threading.Thread(target=_renew, args=(unit, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew(unit: WorkUnit, stop: threading.Event) -> None:
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    mine = type(unit)._default_manager.filter(pk=unit.pk, attempt=unit.attempt, state=RUNNING)
    try:
        while not stop.wait(settings.LEASE_SECONDS / 3):
            mine.update(lease_until=clock.now() + lease)
    finally:
        connection.close()
