"""Drive everything that is due, stage by stage. Several at once are harmless: each unit is claimed by one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from django.db import close_old_connections, connection, models

from portal.delivery.selectors import deliveries_due
from portal.delivery.services.outbox import deliveries_ensure, delivery_run
from portal.documents.selectors import renderings_due
from portal.documents.services import rendering_run, renderings_ensure
from portal.proformas.selectors import months_due
from portal.proformas.services import month_advance

log = logging.getLogger(__name__)
Result = TypeVar("Result")

LONGEST_SWEEP = 240.0
"""seconds after which no further unit is begun; the next sweep goes on"""


class Stage(NamedTuple):
    """What a stage takes up from the one before, what is due in it, and how one unit is driven."""

    name: str
    ensure: Callable[[], int] | None
    due: Callable[[], models.QuerySet[Any]]
    run: Callable[[int], bool]


STAGES = (
    Stage("month", None, months_due, month_advance),
    Stage("rendering", renderings_ensure, renderings_due, rendering_run),
    Stage("delivery", deliveries_ensure, deliveries_due, delivery_run),
)


def due_work_run(*, seconds: float = LONGEST_SWEEP) -> int:
    """Drive what is due until nothing is or time is up; how many units were driven.

    One unit's failure stands in its row and keeps nothing else from being driven.
    """
    end = time.monotonic() + seconds
    driven = 0
    while (moved := _pass(end)) and time.monotonic() < end:
        driven += moved
    return driven + moved


def _pass(end: float) -> int:
    moved = 0
    for stage in STAGES:
        for pk in _guarded(stage, "all", partial(_due, stage)) or []:
            if time.monotonic() >= end:
                return moved
            moved += bool(_guarded(stage, str(pk), partial(stage.run, pk)))
    return moved


def _due(stage: Stage) -> list[int]:
    if stage.ensure is not None:
        stage.ensure()
    return list(stage.due().values_list("pk", flat=True))


def _guarded(stage: Stage, unit: str, do: Callable[[], Result]) -> Result | None:
    """What it returned; None when it failed, which is logged without a text that could quote a ticket."""
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - a broken unit must not stop the others
        log.error("sweep: %s %s: unexpected %s", stage.name, unit, type(error).__name__)
        if not connection.in_atomic_block:
            close_old_connections()  # the server may have restarted; the next unit gets a connection that works
        return None
