"""`python -m sandbox` as people and scripts use it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.sandbox import SECRETS, SERVICENOW

pytestmark = pytest.mark.slow

APP = Path(__file__).resolve().parents[2] / "app"
HEADER = "number,incident_state,priority,short_description,opened_at,resolved_at,closed_at"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments], cwd=APP, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(SECRETS))
    return path


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", *arguments],
        cwd=APP,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        assert set(ready) == {"url", "port"}
        yield ready["url"], process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_cleanly(tmp_path: Path, secrets: Path, how: signal.Signals) -> None:
    with serving("--state", str(tmp_path), "--secrets", str(secrets), "--period", "2026-03") as (url, process):
        table = requests.get(f"{url}/api/now/table/incident?sysparm_limit=1", auth=SERVICENOW, timeout=10)
        assert table.status_code == 200
        process.send_signal(how)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert "2026-03 in Europe/Berlin" in err
    assert not any(secret in err for door in SECRETS.values() for secret in door.values() if "pass" in secret)


def test_a_file_is_served_and_its_findings_name_lines_and_no_text(tmp_path: Path, secrets: Path) -> None:
    tickets = tmp_path / "tickets.csv"
    good = "INC1,Closed,3,Drucker defekt,2026-03-01 08:00:00,2026-03-02 08:00:00,2026-03-07 08:00:00"
    tickets.write_text(f"{HEADER}\n{good}\nINC2,Closed,,Geheimes Projekt,x,2026-02-30 10:00:00,\n")
    with serving("--state", str(tmp_path), "--secrets", str(secrets), "--tickets", str(tickets)) as (url, process):
        table = requests.get(f"{url}/api/now/table/incident", auth=SERVICENOW, timeout=10)
        page = requests.get(f"{url}/sandbox/", timeout=10).text
        process.terminate()
        _, err = process.communicate(timeout=10)
    assert len(table.json()["result"]) == 2
    assert "line 3: resolved_at is no date-time" in err
    assert "line 3: resolved_at is no date-time" in page
    assert "Geheimes" not in err + page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--timezone", "Berlin"], "'Berlin' is no time zone"),
        (["--period", "2026-13"], "'2026-13' is no month"),
        (["--tickets", "nothing.csv"], "cannot be read"),
        (["--tickets-count", "3"], "at least 60"),
        (["--tls-key", "key.pem"], "both --tls-certificate and --tls-key"),
    ],
)
def test_what_it_cannot_use_it_names(tmp_path: Path, secrets: Path, arguments: list[str], said: str) -> None:
    ended = run("serve", "--state", str(tmp_path), "--secrets", str(secrets), *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_secrets_that_are_not_complete_are_named(tmp_path: Path, secrets: Path) -> None:
    secrets.write_text(json.dumps({**SECRETS, "sap": {"username": "x"}}))
    ended = run("serve", "--state", str(tmp_path), "--secrets", str(secrets))
    assert ended.returncode == 2
    assert '"sap" needs a "password"' in ended.stderr


def test_a_written_month_is_the_one_that_would_be_generated(tmp_path: Path, secrets: Path) -> None:
    out = tmp_path / "march.csv"
    same = ["--period", "2026-03", "--seed", "7", "--tickets-count", "200", "--dirty-blocking"]
    assert run("make-tickets", "--out", str(out), *same).returncode == 0
    with out.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    table = "/api/now/table/incident?sysparm_exclude_reference_link=true&sysparm_fields=sys_id,number,state,resolved_at"
    answers = []
    for source in ([*same], ["--tickets", str(out)]):
        with serving("--state", str(tmp_path), "--secrets", str(secrets), *source) as (url, _):
            answers.append(requests.get(url + table, auth=SERVICENOW, timeout=10).json()["result"])
    assert answers[0] == answers[1]
    assert len(answers[0]) == sum(row["sys_class_name"] == "incident" for row in written)


def test_the_help_shows_the_secrets_file() -> None:
    shown = run("serve", "--help")
    assert shown.returncode == 0
    assert '"acknowledgement": {"username"' in shown.stdout
    assert "--acknowledge-url" in shown.stdout


def test_the_package_knows_nothing_of_the_portal() -> None:
    loaded = (
        "import sandbox.cli, sys; print([name for name in sys.modules if name.split('.')[0] in ('portal', 'django')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", loaded],
        cwd=APP,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    assert ended.stdout.strip() == "[]"
