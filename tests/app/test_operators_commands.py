"""What operators and monitors ask manage.py: is the record whole, and how is the portal doing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from portal import adapters
from portal.documents import services
from portal.documents.models import Document
from portal.documents.selectors import renderings_due
from portal.lib import clock
from portal.proformas.models import MonthRun, Proforma
from portal.proformas.services import month_start
from sandbox.server import SandboxServer
from tests.support.issuing import proforma_issue
from tests.support.office import Office, office_open, sandbox_running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox"), tickets_count=30) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path) -> Office:
    return office_open(sandbox, directories / "credentials")


@pytest.fixture
def issued(office: Office, monkeypatch: pytest.MonkeyPatch) -> Proforma:
    monkeypatch.setattr(adapters, "EXPORTERS", {"idoc": adapters.EXPORTERS["idoc"]})
    proforma = proforma_issue(office)
    services.renderings_ensure()
    for unit in renderings_due():
        assert services.rendering_run(unit.pk)
    return proforma


def verify() -> tuple[int, dict[str, Any]]:
    out, code = StringIO(), 0
    try:
        call_command("audit_verify", "--json", stdout=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue())


def status() -> dict[str, Any]:
    out = StringIO()
    call_command("status", stdout=out)
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


def test_a_whole_record_and_its_documents_are_verified_and_counted(issued: Proforma) -> None:
    code, said = verify()
    assert (code, said["whole"], said["documents"], len(said["head"])) == (0, True, Document.objects.count(), 64)
    assert said["documents"] == 1


def test_a_document_with_other_bytes_is_named(issued: Proforma, directories: Path) -> None:
    document = Document.objects.get()
    path = directories / "documents" / document.storage_key
    path.write_bytes(path.read_bytes() + b"\n")
    code, said = verify()
    assert (code, [p["code"] for p in said["problems"]]) == (1, ["document.altered"])
    assert said["problems"][0]["where"] == document.storage_key


def test_a_document_that_is_gone_is_named(issued: Proforma, directories: Path) -> None:
    (directories / "documents" / Document.objects.get().storage_key).unlink()
    code, said = verify()
    assert (code, said["whole"], said["problems"][0]["code"]) == (1, False, "storage.error")


def test_a_calm_portal_has_nothing_overdue(issued: Proforma) -> None:
    said = status()
    assert (said["database"], said["migrations_missing"]) == ("ok", False)
    assert said["work"]["month"] == {"due": 0, "overdue": 0, "oldest_seconds": 0, "stopped": 0}
    assert said["audit_entries"] > 0


def test_work_that_nobody_takes_up_is_overdue(office: Office) -> None:
    run = month_start(contract=office.contract, period=office.period, actor="petra")
    assert status()["work"]["month"]["overdue"] == 0
    MonthRun.objects.filter(pk=run.pk).update(due_at=clock.now() - timedelta(hours=1))
    said = status()["work"]["month"]
    assert (said["due"], said["overdue"], said["oldest_seconds"] >= 3600) == (1, 1, True)


def test_a_month_is_late_when_it_is_not_issued_ten_days_after_its_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 4, 8, tzinfo=UTC))
    assert status()["months_late"] == []
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 4, 12, tzinfo=UTC))
    assert status()["months_late"] == [f"{office.contract.number} 2026-03"]


def test_an_issued_month_is_not_late(issued: Proforma, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 4, 12, tzinfo=UTC))
    assert status()["months_late"] == []


def test_a_monitor_is_told_no_name_of_a_customer_or_person(issued: Proforma, office: Office) -> None:
    text = json.dumps(status())
    assert office.contract.customer.name not in text
    assert "petra" not in text


def test_a_broken_chain_is_found_by_the_command(issued: Proforma, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM audit_entry")
        last = cursor.fetchone()[0]
    from portal.documents import proof
    from portal.domain.errors import Problem

    monkeypatch.setattr(proof, "chain_problems", lambda: [Problem("audit.broken", "altered", f"audit_entry {last}")])
    assert verify()[0] == 1
