"""A portal in production neither reads from a sandbox nor sends to one, and never sends what a rehearsal issued."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import adapters
from portal.delivery import selectors
from portal.delivery.models import Delivery
from portal.delivery.services import due_work_run
from portal.lib import work
from portal.proformas import services
from portal.proformas.content import header_build
from portal.proformas.models import MonthRun
from sandbox.server import SandboxServer
from tests.support.issuing import proforma_issue
from tests.support.office import Office, office_open, sandbox_running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox"), tickets_count=30) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(adapters, "EXPORTERS", {"idoc": adapters.EXPORTERS["idoc"]})
    return office_open(sandbox, directories / "credentials")


def delivered() -> Delivery:
    due_work_run()
    return selectors.deliveries().get()


def test_a_collection_from_a_sandbox_is_refused(office: Office, settings: Any) -> None:
    services.month_start(contract=office.contract, period=office.period, actor="petra")
    settings.TEST_MODE = False
    due_work_run()
    run = MonthRun.objects.get()
    assert (run.state, run.problem["code"]) == (work.FAILED, "source.rehearsal")


def test_what_a_rehearsal_issued_is_not_delivered(office: Office, settings: Any) -> None:
    proforma_issue(office)
    settings.TEST_MODE = False
    delivery = delivered()
    assert (delivery.phase, delivery.state, delivery.sends) == ("queued", work.FAILED, 0)
    assert "issued in a rehearsal" in delivery.problem["what"]


def test_a_sandboxes_address_is_not_delivered_to(
    office: Office, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Collected in a rehearsal and issued in production, as far as the header says."""
    issued = lambda proforma: header_build(proforma) | {"test_mode": False}  # noqa: E731
    monkeypatch.setattr("portal.proformas.services.moves.header_build", issued)
    proforma_issue(office)
    settings.TEST_MODE = False
    delivery = delivered()
    assert (delivery.phase, delivery.state, delivery.sends) == ("queued", work.FAILED, 0)
    assert "only a rehearsal may use" in delivery.problem["what"]
    assert office.sandbox.receipts.all() == []
