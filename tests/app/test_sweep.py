"""The sweep drives every stage; what breaks in one unit keeps no other from being driven."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from portal import adapters
from portal.celery import app
from portal.delivery import selectors, tasks
from portal.delivery.services import due_work_run, sweeping
from portal.lib import work
from portal.proformas import services
from portal.proformas.models import MonthRun
from sandbox.server import SandboxServer
from tests.support.issuing import STATUS_URL, endpoint_set, proforma_issue
from tests.support.office import Office, office_open, sandbox_running

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path / "sandbox", tickets_count=30) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(adapters, "EXPORTERS", {"idoc": adapters.EXPORTERS["idoc"]})
    opened = office_open(sandbox, directories / "credentials")
    endpoint_set(opened, status_url=STATUS_URL)
    return opened


def test_one_sweep_drives_an_issued_proforma_to_the_customers_sap(office: Office) -> None:
    proforma = proforma_issue(office)
    assert tasks.sweep() == 2
    delivery = selectors.delivery_of(proforma)
    assert delivery is not None
    assert delivery.phase == "sent"
    assert tasks.sweep() == 0


def test_a_month_that_was_ordered_is_collected_and_composed(office: Office) -> None:
    services.month_start(contract=office.contract, period=office.period, actor="petra")
    assert due_work_run() == 1
    assert MonthRun.objects.get().state == work.DONE


def test_no_unit_is_begun_when_time_is_up(office: Office) -> None:
    services.month_start(contract=office.contract, period=office.period, actor="petra")
    assert due_work_run(seconds=0) == 0
    assert MonthRun.objects.get().state == work.QUEUED


def test_a_stage_that_breaks_keeps_no_other_from_being_driven(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    proforma = proforma_issue(office)

    def breaks(*_: Any) -> Any:
        raise DatabaseError("a row about Jane Canary")

    months = sweeping.STAGES[0]._replace(due=breaks)
    monkeypatch.setattr(sweeping, "STAGES", (months, *sweeping.STAGES[1:]))
    caplog.set_level(logging.DEBUG)
    assert due_work_run() == 2
    delivery = selectors.delivery_of(proforma)
    assert delivery is not None
    assert delivery.phase == "sent"
    assert "month all: unexpected DatabaseError" in caplog.text
    assert "Canary" not in caplog.text


def test_hurry_sends_one_message_that_runs_out(
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.sweep, "apply_async", lambda **options: sent.append(options))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.hurry()
        assert sent == []
    assert [options["retry"] for options in sent] == [False]
    assert sent[0]["expires"] > 0


def test_hurry_without_a_broker_fails_no_page(
    django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> None:
        raise OSError("no queue")

    monkeypatch.setattr(tasks.sweep, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.hurry()
    assert "the next sweep finds the work" in caplog.text


def test_the_sweep_is_what_the_scheduler_and_the_workers_know() -> None:
    app.loader.import_default_modules()
    assert "delivery.sweep" in app.tasks
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} == {"delivery.sweep"}
