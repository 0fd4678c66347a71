"""Steps of the rehearsal: done here by a person, or waited for while a worker does them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from portal.delivery.models import ACKNOWLEDGED, SENT, UNKNOWN, Delivery
from portal.domain.errors import PortalError, Problem
from portal.lib import memory, work
from portal.lib.work import WorkUnit
from portal.proformas.models import MonthRun

Unit = TypeVar("Unit", bound=WorkUnit)

PATIENCE_SECONDS = 900.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Stage:
    """`peak_mb`: highest resident size of the process that did it."""

    name: str
    seconds: float
    peak_mb: int


@dataclass
class Stages:
    """Runs stages one after another, with a progress bar for each, and remembers what they took."""

    progress: Progress
    done: list[Stage] = field(default_factory=list)

    @contextmanager
    def person(self, name: str) -> Iterator[None]:
        """A step that a person takes in this process."""
        bar = self.progress.add_task(name, total=1, detail="")
        memory.reset_peak()
        begun = time.monotonic()
        yield
        self._ended(name, time.monotonic() - begun, memory.peak_mb())
        self.progress.update(bar, completed=1)

    def worker(self, name: str, unit: WorkUnit) -> None:
        """Wait for a unit of work. Raises PortalError with the unit's own problem when it has failed."""
        self._watch(name, unit, _settled)
        self._ended(name, between(unit.started_at, unit.finished_at), unit.peak_mb or 0)

    def rated_and_composed(self, run: MonthRun) -> None:
        """Wait for a month whose collection is complete. Both steps are of one process, so they share its peak."""
        self._watch("rate", run, lambda _: run.rated_at is not None or _settled(run))
        self._watch("compose", run, _settled)
        self._ended("rate", between(run.collection.finished_at, run.rated_at), run.peak_mb or 0)
        self._ended("compose", between(run.rated_at, run.finished_at), run.peak_mb or 0)

    def delivery(self, delivery: Delivery) -> None:
        """Wait until SAP has the document, then for what it did with it. Raises PortalError."""
        self._watch("deliver", delivery, lambda _: delivery.phase in (SENT, UNKNOWN, ACKNOWLEDGED))
        memory.reset_peak()
        self._watch("acknowledge", delivery, lambda _: delivery.phase == ACKNOWLEDGED)
        self._ended("deliver", between(delivery.started_at, delivery.sent_at), delivery.peak_mb or 0)
        self._ended("acknowledge", between(delivery.sent_at, delivery.acknowledged_at), memory.peak_mb())

    def _watch(self, name: str, unit: WorkUnit, ended: Callable[[WorkUnit], bool]) -> None:
        """A bar that follows the unit to its end."""
        bar = self.progress.add_task(name, total=None, detail="")
        for detail in watched(unit, ended):
            self.progress.update(bar, completed=unit.progress_done, total=unit.progress_total, detail=detail)
        total = unit.progress_total or 1
        self.progress.update(bar, completed=total, total=total, detail="")

    def _ended(self, name: str, seconds: float, peak_mb: int) -> None:
        self.done.append(Stage(name, round(seconds, 3), peak_mb))


def appeared(look: Callable[[], Unit | None], what: str) -> Unit:
    """What a worker makes in passing. Raises PortalError when it does not come."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(POLL_SECONDS)
    raise PortalError(
        f"{what} was not begun.", kept="The issued proforma is kept.", remedy="Look into the worker's log."
    )


def watched(unit: WorkUnit, ended: Callable[[WorkUnit], bool]) -> Iterator[str]:
    """Yields what the unit is at, until it has ended. Raises PortalError when it failed, or took too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        unit.refresh_from_db()
        if unit.state == work.FAILED:
            raise failure(unit)
        yield unit.step or (unit.problem or {}).get("what", "")
        if ended(unit):
            return
        if time.monotonic() > until:
            raise PortalError(
                f"{unit._meta.verbose_name} did not end within {PATIENCE_SECONDS:.0f} seconds.",
                kept="Everything done so far is kept.",
                remedy="Look into the worker's log.",
            )
        time.sleep(POLL_SECONDS)


def failure(unit: WorkUnit) -> PortalError:
    """The problem that stands in a failed unit, as an error."""
    found = Problem(**unit.problem) if unit.problem else Problem("work.failed", "The work failed.")
    return PortalError(found.what, where=found.where, kept=found.kept, remedy=found.remedy, code=found.code)


def bars(console: Console) -> Progress:
    """A line a stage: name, bar, count, time, and what is going on."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description:<13}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        console=console,
    )


def _settled(unit: WorkUnit) -> bool:
    return unit.state not in (work.QUEUED, work.RUNNING)


def between(start: datetime | None, end: datetime | None) -> float:
    """Seconds; 0.0 where one of the two is not known."""
    return (end - start).total_seconds() if start and end else 0.0
