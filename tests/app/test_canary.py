"""A canary ticket: its words and its caller go where they are meant to, and into no log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from portal.audit.models import Entry
from portal.delivery.selectors import delivery_of
from portal.delivery.services import due_work_run
from portal.documents.selectors import document_of
from portal.documents.services import document_read
from portal.domain.rating import Box
from portal.proformas import selectors, services
from portal.tickets.models import Snapshot
from sandbox.server import SandboxServer
from tests.support.issuing import proforma_issue
from tests.support.office import Office, office_open, sandbox_running
from tests.support.web import browser

pytestmark = pytest.mark.django_db
GLYPH = "\U000d34e0"
"""a letter that no typeface has"""
WORDS, CALLER = f"Kanarienvogel {GLYPH} singt im Serverraum", "Gelbschnabel, Tweety"
CANARY = {
    "number": "INC7777001",
    "sys_class_name": "incident",
    "state": "7",
    "priority": "3",
    "short_description": WORDS,
    "caller_id": CALLER,
    "opened_at": "2026-03-10 08:00:00",
    "resolved_at": "2026-03-11 09:00:00",
    "closed_at": "2026-03-16 09:00:00",
    "sys_updated_on": "2026-03-16 09:00:00",
}
NO_DATE = CANARY | {"number": "INC7777002", "resolved_at": "2026-03-15 25:61:00"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path / "canary", tickets_count=60) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path) -> Office:
    put(sandbox, CANARY)
    return office_open(sandbox, directories / "credentials")


def put(sandbox: SandboxServer, ticket: dict[str, str]) -> None:
    requests.post(f"{sandbox.url}/sandbox/tickets", json=ticket, timeout=5).raise_for_status()


def test_a_whole_month_logs_neither_words_nor_callers_of_a_ticket(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    proforma = proforma_issue(office)
    due_work_run()
    delivery, tickets = delivery_of(proforma), document_of(proforma, "csv_tickets")
    assert delivery is not None
    assert tickets is not None
    assert delivery.phase == "sent"
    assert WORDS in document_read(tickets).decode()  # it was there, and is printed where it belongs
    assert browser("petra").get(f"/proformas/{proforma.pk}").status_code == 200
    assert_silent(caplog, capfd)


def test_a_ticket_that_cannot_be_read_is_logged_by_its_number_at_most(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    put(office.sandbox, NO_DATE)
    caplog.set_level(logging.DEBUG)
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    assert [finding["where"] for finding in run.findings] == ["INC7777002"]
    services.decision_record(
        contract=office.contract,
        period=office.period,
        source_key=Snapshot.objects.get(number="INC7777002").source_key,
        number="INC7777002",
        box=Box.CARRIED_OVER,
        reason="Being mended",
        actor="petra",
    )
    services.month_resume(run=run, actor="petra")
    services.month_advance(run.pk)
    assert selectors.proforma_of(office.contract, office.period) is not None
    assert_silent(caplog, capfd)


def test_the_caller_is_kept_as_a_pseudonym_only(office: Office) -> None:
    proforma_issue(office)
    caller = Snapshot.objects.get(number="INC7777001").caller
    assert len(caller) == 32
    assert CALLER not in str(list(Snapshot.objects.values_list()))
    assert CALLER not in str(list(Entry.objects.values_list()))


def assert_silent(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither in the log, not even at DEBUG, nor on standard output or error."""
    printed = capfd.readouterr()
    assert caplog.records
    for place in (caplog.text, printed.out, printed.err):
        for word in (WORDS, CALLER, "Kanarienvogel", "Tweety", "Gelbschnabel", GLYPH):
            assert word not in place
