"""./scripts/demo as somebody would run it: the month's result, and nothing left behind however it ends."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.demo import demo

SMALL = ("--tickets-count", "60")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("once")
    with demo(directory, *SMALL, "--once", "--period", "2026-03") as running:
        assert running.ended() == 0, running.log.read_text()
        assert running.relatives() == {}
        assert list(running.temporary.iterdir()) == []
    return directory


@pytest.fixture
def summary(once: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((once / "out" / "summary.json").read_text())
    return found


def test_every_collected_ticket_is_billed_excluded_or_carried_over(summary: dict[str, Any]) -> None:
    assert summary["source_total"] == 60
    assert summary["billed"] + sum(summary["excluded"].values()) + summary["carried_over"] == 60
    assert sum(summary["billed_by_kind"].values()) == summary["billed"]
    assert min(summary["billed_by_kind"].values()) > 0
    assert set(summary["billed_by_kind"]) == {"incident", "service_request"}


def test_sap_has_parked_it_after_one_send(summary: dict[str, Any]) -> None:
    assert summary["delivery"] == {"state": "acknowledged", "attempts": 1}
    assert {key: summary["acknowledgement"][key] for key in ("status", "outcome")} == {
        "status": "53",
        "outcome": "parked",
    }


def test_the_files_are_there_with_the_checksums_that_the_summary_gives(once: Path, summary: dict[str, Any]) -> None:
    assert {f["media_type"].split(";")[0] for f in summary["files"]} == {
        *("application/pdf", "text/html", "application/xml", "text/csv"),
    }
    for file in summary["files"]:
        assert hashlib.sha256((once / "out" / file["name"]).read_bytes()).hexdigest() == file["sha256"]


def test_every_stage_says_what_it_took(summary: dict[str, Any]) -> None:
    names = ["collect", "rate", "compose", "submit", "approve", "issue", "render", "export", "deliver", "acknowledge"]
    assert [stage["name"] for stage in summary["stages"]] == names
    assert all(0 <= stage["seconds"] < 60 and 0 < stage["peak_mb"] < 400 for stage in summary["stages"])


def test_the_closing_table_says_it_in_words(once: Path, summary: dict[str, Any]) -> None:
    shown = (once / "log").read_text()
    for words in ("60 tickets", f"{summary['number']}", "53 parked", "summary.json"):
        assert words in shown


def signed_in(url: str, username: str, password: str) -> str:
    """The first page that somebody sees after signing in."""
    with requests.Session() as session:
        form = session.get(f"{url}/sign-in", timeout=10).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token
        given = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
        return session.post(f"{url}/sign-in", data=given, timeout=10).text


def test_the_portal_stays_up_until_it_is_interrupted(tmp_path: Path) -> None:
    with demo(tmp_path, *SMALL) as running:
        url = running.said(r"http://127\.0\.0\.1:\d+")
        running.said("Ctrl-C ends it all")
        people = dict(re.findall(r"^  (\w+) +(\S{16})   ", running.log.read_text(), flags=re.MULTILINE))
        assert list(people) == ["petra", "anton", "carla", "ada", "ines"]
        assert "PF-20" in signed_in(url, "petra", people["petra"])
        assert running.holders("PROFORMA_DATABASE_URL=") != []
        assert running.holders("PROFORMA_MIGRATION_DATABASE_URL=") == []
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == 0
        assert re.search(r"Ending \.\.\.\nEnded\. No process was left behind", running.log.read_text())
        assert running.relatives() == {}
        assert list(running.temporary.iterdir()) == []


def test_a_worker_that_dies_ends_it_with_its_last_words(tmp_path: Path) -> None:
    with demo(tmp_path, *SMALL) as running:
        running.said("Starting the sandbox")
        os.kill(running.comes("celery"), signal.SIGKILL)
        assert running.ended() == 1
        assert "The worker has ended (exit code -9)" in running.log.read_text()
        assert "The logs are kept in" in running.log.read_text()
        assert running.relatives() == {}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_survives_the_supervisor(how: signal.Signals, tmp_path: Path) -> None:
    with demo(tmp_path, *SMALL) as running:
        running.said("collect")
        assert len(running.relatives()) > 6
        running.process.send_signal(how)
        assert running.ended() == {signal.SIGTERM: 128 + how, signal.SIGKILL: -how}[how]
        assert running.alone(), running.relatives()


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 1.5, 2.5])
def test_a_worker_that_is_just_starting_does_not_outlive_the_supervisor(seconds: float, tmp_path: Path) -> None:
    with demo(tmp_path, *SMALL) as running:
        running.said("Starting the sandbox")
        running.comes("celery")
        time.sleep(seconds)
        running.process.kill()
        running.ended()
        assert running.alone(), running.relatives()


def test_an_export_with_a_date_that_is_none_starts_nothing(tmp_path: Path) -> None:
    tickets = tmp_path / "tickets.csv"
    header = "number,incident_state,priority,opened_at,resolved_at,closed_at"
    tickets.write_text(f"{header}\nINC1,Closed,3,2026-03-01 08:00:00,2026-03-32 08:00:00,2026-04-07 08:00:00\n")
    with demo(tmp_path, "--once", "--tickets", str(tickets), "--period", "2026-03") as running:
        assert running.ended() == 3
        assert "line 2: resolved_at is no date-time" in running.log.read_text()
        assert list(running.temporary.iterdir()) == []
        assert not (tmp_path / "out").exists()


def test_a_month_that_waits_for_people_says_how_to_let_them_decide(tmp_path: Path) -> None:
    with demo(tmp_path, *SMALL, "--once", "--undecided", "--period", "2026-03") as running:
        assert running.ended() == 3
        assert "Start again without --once" in running.log.read_text().replace("\n", " ")
