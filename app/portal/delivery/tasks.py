"""The one task: look for what is due and drive it. A message that is lost or doubled changes nothing."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.db import transaction

from portal.delivery.services import due_work_run

log = logging.getLogger(__name__)


@shared_task(name="delivery.sweep", ignore_result=True)
def sweep() -> int:
    """Drive everything due in all stages; how many units were driven."""
    return due_work_run()


def hurry() -> None:
    """Wake a worker once the transaction is committed. Never fails: without a broker the next sweep finds the row."""
    transaction.on_commit(_send, robust=True)


def _send() -> None:
    try:
        sweep.apply_async(retry=False, expires=settings.SWEEP_SECONDS)
    except Exception as error:  # noqa: BLE001 - a page must not fail because the queue is away
        log.warning("no worker could be woken (%s); the next sweep finds the work", type(error).__name__)
