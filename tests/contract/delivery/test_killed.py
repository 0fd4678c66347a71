"""Workers that die in the middle of a send, and workers that all come at once: SAP has exactly one document."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from portal.audit.selectors import chain_problems
from portal.delivery import selectors, services
from portal.delivery.models import Acknowledgement, Delivery
from portal.documents.models import Document, Rendering
from portal.lib import work
from tests.support.delivering import aleaud, at_sap, drive, fault, queued, receive, story
from tests.support.issuing import STATUS_URL, endpoint_set, proforma_issue
from tests.support.office import Office

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WORKER = "import django; django.setup(); from portal.delivery.services import delivery_run; delivery_run({pk})"
LONGEST = 30.0


@contextmanager
def worker(delivery: Delivery, directories: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that drives this one delivery."""
    d = connection.settings_dict
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PROFORMA_DATABASE_URL": f"postgres://{d['USER']}:{d['PASSWORD']}@{d['HOST']}:{d['PORT']}/{d['NAME']}",
        "PROFORMA_DOCUMENTS_DIR": str(directories / "documents"),
        "PROFORMA_CREDENTIALS_DIR": str(directories / "credentials"),
        "PYTHONPATH": os.pathsep.join(["app", "."]),
    }
    process = subprocess.Popen([sys.executable, "-c", WORKER.format(pk=delivery.pk)], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait(delivery: Delivery, phase: str) -> None:
    end = time.monotonic() + LONGEST
    while Delivery.objects.get(pk=delivery.pk).phase != phase:
        assert time.monotonic() < end, f"not {phase} after {LONGEST} s"
        time.sleep(0.02)


def test_a_worker_killed_before_its_slow_upload_was_stored_leads_to_one_document(
    office: Office, directories: Path
) -> None:
    """The receiver stores it seconds after the worker died, and says "not there" until then."""
    endpoint_set(office, status_url=STATUS_URL, settle_seconds=4)
    delivery = queued(office)
    fault(office, on="sap", count=1, latency_ms=5000)
    with worker(delivery, directories) as process:
        wait(delivery, "sending")
        time.sleep(0.5)  # the request is on its way to a receiver that takes its time
        process.send_signal(signal.SIGKILL)
    assert at_sap(office) == []
    assert drive(delivery, seconds=20).phase == "sent"
    assert story(delivery) == ["send ambiguous", "look_up not_found", "look_up found"]
    assert (at_sap(office), delivery.sends) == ([delivery.proforma.number], 1)


def test_a_worker_killed_before_anything_left_is_made_up_for(office: Office, directories: Path, settings: Any) -> None:
    settings.LEASE_SECONDS = 1
    delivery = queued(office)
    Delivery.objects.filter(pk=delivery.pk).update(phase="sending", sends=1, state=work.RUNNING, attempt=1)
    assert drive(delivery).phase == "sent"
    assert story(delivery) == ["send ambiguous", "look_up not_found", "send accepted"]
    assert (at_sap(office), delivery.sends) == ([delivery.proforma.number], 2)


def test_sweeps_at_the_same_time_do_everything_once(office: Office) -> None:
    fault(office, on="sap", count=1, latency_ms=500)
    proforma = proforma_issue(office)

    def sweep(_: int) -> int:
        try:
            return services.due_work_run(seconds=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        driven = sum(pool.map(sweep, range(4)))
    delivery = selectors.delivery_of(proforma)
    assert delivery is not None
    assert (driven, Rendering.objects.count(), Document.objects.count()) == (2, 1, 1)
    assert (story(delivery), at_sap(office)) == (["send accepted"], [proforma.number])


def test_the_same_acknowledgement_at_the_same_moment_is_kept_once(office: Office) -> None:
    delivery = drive(queued(office))
    messages = [aleaud(office), aleaud(office, number="PF-1999-000001")]

    def take(raw: bytes) -> int:
        try:
            return receive(raw).pk
        finally:
            connection.close()

    for raw in messages:
        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(take, [raw] * 6))) == 1
    delivery.refresh_from_db()
    assert (Acknowledgement.objects.count(), delivery.outcome) == (2, "parked")
    assert chain_problems() == []
