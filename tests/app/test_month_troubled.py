"""What a month does when the source is broken, lies, or holds tickets that nobody decided about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from portal.domain.completeness import findings
from portal.domain.rating import Box
from portal.lib import clock, work
from portal.proformas import selectors, services
from portal.proformas.models import BLOCKED, MonthRun, Proforma
from portal.tickets.models import Collection
from sandbox.server import SandboxServer
from tests.support.contracts import VOCABULARY
from tests.support.office import Office, office_open, sandbox_running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def dirty_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("dirty"), tickets_count=150, dirty_blocking=True) as server:
        yield server


@pytest.fixture(scope="module")
def clean_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("clean"), tickets_count=150) as server:
        yield server


@pytest.fixture
def dirty(dirty_sandbox: SandboxServer, directories: Path) -> Office:
    return office_open(dirty_sandbox, directories / "credentials")


@pytest.fixture
def office(clean_sandbox: SandboxServer, directories: Path) -> Iterator[Office]:
    yield office_open(clean_sandbox, directories / "credentials")
    requests.delete(f"{clean_sandbox.url}/sandbox/faults", timeout=5)


def fault(office: Office, **settings: Any) -> None:
    requests.post(f"{office.sandbox.url}/sandbox/faults", json=settings, timeout=5).raise_for_status()


def advanced(office: Office) -> MonthRun:
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    return run


def make_due(run: MonthRun) -> None:
    """The pause before the next try is over."""
    Collection.objects.filter(pk=run.collection_id).update(due_at=clock.now())
    MonthRun.objects.filter(pk=run.pk).update(due_at=clock.now())


def decide(office: Office, run: MonthRun, box: str) -> None:
    for number, snapshots in selectors.findings_tickets(run).items():
        for snapshot in snapshots:
            services.decision_record(
                contract=office.contract,
                period=office.period,
                source_key=snapshot.source_key,
                number=number,
                box=box,
                reason="Being clarified with the customer",
                actor="petra",
            )


def test_undecided_tickets_block_and_nothing_is_composed(dirty: Office) -> None:
    run = advanced(dirty)
    assert run.state == BLOCKED
    codes = {finding["code"] for finding in run.findings}
    assert codes == {"ticket.priority_unknown", "ticket.number_twice", "ticket.unreadable"}
    assert all(finding["where"] and finding["remedy"] for finding in run.findings)
    assert not Proforma.objects.exists()


def test_after_a_person_has_decided_the_month_goes_on(dirty: Office) -> None:
    run = advanced(dirty)
    undecided = sum(len(found) for found in selectors.findings_tickets(run).values())
    decide(dirty, run, Box.CARRIED_OVER)
    services.month_resume(run=run, actor="petra")
    services.month_advance(run.pk)
    proforma = selectors.proforma_of(dirty.contract, dirty.period)
    assert proforma is not None
    account = selectors.boxes_of(proforma)
    assert account.count(Box.CARRIED_OVER) == undecided
    assert findings(account) == ()


def test_a_decision_that_was_taken_back_blocks_again(dirty: Office) -> None:
    run = advanced(dirty)
    decide(dirty, run, Box.EXCLUDED)
    decide(dirty, run, "")
    services.month_resume(run=run, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    assert run.state == BLOCKED


def test_a_word_that_no_mapping_knows_blocks_until_it_is_mapped(office: Office) -> None:
    from portal.contracts.services import source_update

    source = office.contract.source
    without_four = {k: v for k, v in VOCABULARY["priorities"].items() if k != "4"}
    source_update(source=source, vocabulary=VOCABULARY | {"priorities": without_four}, actor="clara")
    run = advanced(office)
    assert {f["code"] for f in run.findings} == {"ticket.priority_unknown"}
    source_update(source=source, vocabulary=VOCABULARY, actor="clara")
    services.month_resume(run=run, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    assert run.state == work.DONE


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"html": True}, "instead of JSON"),
        ({"empty": True}, ""),
        ({"ignore_query": True, "skip": 1}, "ignored the query"),
        ({"acl_short_pages": 0.3}, "What came is not what the source counted"),
    ],
)
def test_a_lying_source_is_not_billed(office: Office, broken: dict[str, Any], says: str) -> None:
    fault(office, **broken)
    run = advanced(office)
    assert run.state == work.FAILED
    assert says in run.problem["what"]
    assert run.problem["remedy"]
    assert not Proforma.objects.exists()


def test_a_wrong_password_says_so(office: Office, directories: Path) -> None:
    path = directories / "credentials/customers/acme/source.json"
    path.write_text('{"username": "reader", "password": "wrong"}')
    run = advanced(office)
    assert run.state == work.FAILED
    assert "wrong" not in str(run.problem)


def test_a_source_that_fails_for_a_while_is_read_again_by_itself(office: Office) -> None:
    fault(office, truncate=True)
    run = advanced(office)
    assert run.state == work.QUEUED
    assert run.due_at is not None
    assert run.due_at > clock.now() - timedelta(seconds=1)
    requests.delete(f"{office.sandbox.url}/sandbox/faults", timeout=5)
    make_due(run)
    assert services.month_advance(run.pk)
    run.refresh_from_db()
    assert run.state == work.DONE


def test_after_a_failure_a_person_can_try_again(office: Office) -> None:
    fault(office, html=True)
    run = advanced(office)
    requests.delete(f"{office.sandbox.url}/sandbox/faults", timeout=5)
    services.month_resume(run=run, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    assert run.state == work.DONE


def test_no_ticket_text_and_no_caller_reaches_a_log(dirty: Office, caplog: pytest.LogCaptureFixture) -> None:
    from portal.tickets.models import Snapshot

    caplog.set_level("DEBUG")
    run = advanced(dirty)
    texts = set(Snapshot.objects.exclude(summary="").values_list("summary", flat=True))
    assert len(texts) > 20
    assert not [text for text in texts if text in caplog.text]
    assert run.problem is None
