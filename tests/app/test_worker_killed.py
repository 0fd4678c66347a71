"""`kill -9` of a real Celery worker in each stage, then a new worker: the same result as without the kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection
from django.db.models import Count, Sum

from portal.delivery.models import Delivery
from portal.documents.models import Document, Rendering
from portal.domain.completeness import findings
from portal.lib import work
from portal.proformas import selectors, services
from portal.proformas.models import BoxedTicket, MonthRun, Proforma
from portal.tickets.models import Collection
from tests.support.issuing import STATUS_URL, endpoint_set
from tests.support.office import Office, office_open, sandbox_running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LONGEST = 90.0  # seconds; gross, since the machine may be busy
TICKETS = 150


@pytest.fixture
def office(tmp_path: Path, directories: Path) -> Iterator[Office]:
    with sandbox_running(tmp_path / "sandbox", tickets_count=TICKETS) as sandbox:
        office = office_open(sandbox, directories / "credentials")
        endpoint_set(office, status_url=sandbox.url + STATUS_URL, settle_seconds=1)
        yield office


def database_url() -> str:
    d = connection.settings_dict
    return f"postgres://{d['USER']}:{d['PASSWORD']}@{d['HOST']}:{d['PORT']}/{d['NAME']}"


@contextmanager
def worker(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with beat, as the demo runs it, in a process group of its own."""
    environment = os.environ | {
        "PROFORMA_DATABASE_URL": database_url(),
        "PROFORMA_DOCUMENTS_DIR": str(django_settings.DOCUMENTS_DIR),
        "PROFORMA_CREDENTIALS_DIR": str(django_settings.CREDENTIALS_DIR),
        "PROFORMA_BROKER_DIR": str(directory / "broker"),
        "PROFORMA_LEASE_SECONDS": "2",
        "PROFORMA_SWEEP_SECONDS": "1",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": os.pathsep.join(["app", "."]),
    }
    command = [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", "-B", "--pool", "solo"]
    command += ["--schedule", str(directory / "beat"), "--loglevel", "WARNING"]
    log = (directory / "worker.log").open("ab")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)
        log.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the worker and all its children; nothing gets a chance to tidy up."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {LONGEST} s"
        time.sleep(0.05)


@contextmanager
def blocked(table: str) -> Iterator[None]:
    """Whoever wants to write the table waits: the worker stands in the middle of its stage."""
    owner = psycopg2.connect(database_url())
    try:
        with owner.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield
    finally:
        owner.rollback()
        owner.close()


def is_waiting(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [table],
        )
        return bool(cursor.fetchone()[0])


def killed_while_writing(table: str, directory: Path) -> None:
    """A worker that is killed while it waits to write the table, in the middle of a transaction."""
    with blocked(table), worker(directory) as process:
        wait(lambda: is_waiting(table), f"a worker at {table}")
        kill(process)


def result() -> dict[str, Any]:
    """What the month came to."""
    proforma = Proforma.objects.get()
    boxes = BoxedTicket.objects.values_list("box", "reason").annotate(Count("pk"), Sum("amount"))
    assert findings(selectors.boxes_of(proforma)) == ()
    return {"net": proforma.net, "boxes": sorted(boxes), "tickets": proforma.source_total}


def composed() -> bool:
    return MonthRun.objects.get().state == work.DONE


def test_a_kill_while_collecting_and_one_while_composing(office: Office, tmp_path: Path) -> None:
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    killed_while_writing("tickets_snapshot", tmp_path)
    assert Collection.objects.get().state == work.RUNNING
    killed_while_writing("proformas_boxedticket", tmp_path)
    assert Collection.objects.get().state == work.DONE
    assert not Proforma.objects.exists()
    with worker(tmp_path):
        wait(composed, "a draft")
    after_kills = result()
    services.month_resume(run=run, actor="petra")
    services.month_advance(run.pk)
    assert result() == after_kills
    assert after_kills["tickets"] > TICKETS / 2


def test_a_kill_while_rendering_and_one_while_sending(office: Office, tmp_path: Path) -> None:
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    services.month_advance(run.pk)
    proforma = Proforma.objects.get()
    services.proforma_submit(proforma=proforma, actor="petra")
    services.proforma_approve(proforma=proforma, actor="anton")
    services.proforma_issue(proforma=proforma, actor="anton")

    killed_while_writing("documents_document", tmp_path)
    assert Rendering.objects.get().state == work.RUNNING
    assert not Document.objects.exists()

    # The upload is stored, but the answer does not come: the worker is killed in between.
    slow = {"on": "sap", "timeout_after_store": True, "hold_seconds": 20, "count": 1}
    requests.post(f"{office.sandbox.url}/sandbox/faults", json=slow, timeout=5).raise_for_status()
    with worker(tmp_path) as process:
        wait(lambda: len(received(office)) == 1, "an upload")
        kill(process)
    assert Delivery.objects.get().phase == "sending"

    with worker(tmp_path):
        wait(lambda: Delivery.objects.get().phase == "sent", "the delivery to be settled")
    assert [item["number"] for item in received(office)] == [proforma.number]
    assert Delivery.objects.get().sends == 1
    assert Document.objects.count() == 5


def received(office: Office) -> list[dict[str, Any]]:
    answer = requests.get(f"{office.sandbox.url}/sandbox/received", timeout=5).json()
    items: list[dict[str, Any]] = answer["received"] if isinstance(answer, dict) else answer
    return items
