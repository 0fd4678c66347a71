"""A real Celery worker on SQS (moto): it gets what is sent, and what a killed one had taken comes again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from scripts import rehearsal
from tests.support.event_queue import ENVIRONMENT, moto_running

pytestmark = pytest.mark.slow
APP = Path(__file__).resolve().parents[2] / "app"
TASKS = """
import pathlib, time
from portal.celery import app

@app.task(name="tests.note")
def note(place, seconds):
    path = pathlib.Path(place)
    with path.open("a") as file:
        file.write("begun\\n")
    time.sleep(seconds if path.read_text().count("begun") == 1 else 0)
    with path.open("a") as file:
        file.write("done\\n")
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, str]]:
    with moto_running() as endpoint:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
            monkeypatch.setenv(name, value)
        queue = boto3.client("sqs").create_queue(QueueName="work", Attributes={"VisibilityTimeout": "4"})["QueueUrl"]
        (tmp_path / "state").mkdir()
        (tmp_path / "noted.py").write_text(TASKS)
        known = rehearsal.settings(tmp_path / "state")
        yield (
            os.environ
            | known
            | {
                "PYTHONPATH": f"{known['PYTHONPATH']}:{tmp_path}",
                "PROFORMA_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
                "PROFORMA_BROKER_URL": "sqs://",
                "PROFORMA_BROKER_QUEUE_URL": queue,
                "PROFORMA_BROKER_VISIBILITY_SECONDS": "4",
            }
        )


def worker(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "noted", "worker", "--concurrency=1", "--loglevel=WARNING"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return subprocess.Popen(command, cwd=APP, env=dict(environment), start_new_session=True)


def end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def send(environment: Mapping[str, str], place: Path, seconds: float) -> None:
    code = f"import noted; noted.note.delay({str(place)!r}, {seconds})"
    subprocess.run([sys.executable, "-c", code], cwd=APP, env=dict(environment), check=True, timeout=60)


def wait_for(place: Path, word: str) -> None:
    until = time.monotonic() + 90
    while not (place.exists() and word in place.read_text()):
        assert time.monotonic() < until, f"'{word}' never came"
        time.sleep(0.1)


def test_a_worker_gets_what_was_sent_and_a_killed_ones_task_comes_again(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "noted"
    first = worker(environment)
    try:
        send(environment, place, 60)
        wait_for(place, "begun")
    finally:
        end(first)
    second = worker(environment)
    try:
        wait_for(place, "done")
    finally:
        end(second)
    assert place.read_text().split() == ["begun", "begun", "done"]


def test_no_queue_is_made_and_none_is_listed(environment: Mapping[str, str], tmp_path: Path) -> None:
    place = tmp_path / "noted"
    process = worker(environment)
    try:
        send(environment, place, 0)
        wait_for(place, "done")
    finally:
        end(process)
    queues: Any = boto3.client("sqs").list_queues()["QueueUrls"]
    assert [url.rsplit("/", 1)[-1] for url in queues] == ["work"]
