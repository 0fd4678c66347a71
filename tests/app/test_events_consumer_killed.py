"""The real process: `kill -9` between taking a message and calling it done, SIGTERM, a database that is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import environ
import psycopg2
import pytest
from django.db import connection

from portal.delivery.models import Acknowledgement
from tests.support.cast import cast_make
from tests.support.contracts import contract_make
from tests.support.event_queue import ENVIRONMENT, Events, events_open, moto_running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LONGEST = 40.0  # seconds; gross, since the machine may be busy
VISIBILITY = 2


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    with moto_running() as endpoint:
        yield endpoint


@pytest.fixture
def events(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Events:
    cast_make()
    contract_make()
    return events_open(moto_endpoint, monkeypatch, visibility=VISIBILITY)


@pytest.fixture
def consumer(events: Events, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts the command as the systemd unit does; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(database: str = "") -> subprocess.Popen[bytes]:
        environment = (
            os.environ
            | ENVIRONMENT
            | {
                "AWS_ENDPOINT_URL": events.endpoint,
                "PROFORMA_S3_ENDPOINT_URL": events.endpoint,
                "PROFORMA_EVENTS_QUEUE_URL": events.queue_url,
                "PROFORMA_INBOX_BUCKET": events.bucket,
                "PROFORMA_DATABASE_URL": database or database_url(),
                "DJANGO_SETTINGS_MODULE": "tests.settings",
                "PYTHONPATH": os.pathsep.join(["app", "."]),
            }
        )
        command = [sys.executable, "app/manage.py", "events_consume", "--wait", "1"]
        with (tmp_path / f"consumer-{len(started)}.log").open("wb") as log:
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def database_url() -> str:
    d = connection.settings_dict
    return f"postgres://{d['USER']}:{d['PASSWORD']}@{d['HOST']}:{d['PORT']}/{d['NAME']}"


def as_owner() -> Any:
    owner = environ.Env.db_url_config(os.environ["PROFORMA_MIGRATION_DATABASE_URL"])
    d = connection.settings_dict
    return psycopg2.connect(
        user=owner["USER"], password=owner["PASSWORD"], host=d["HOST"], port=d["PORT"], dbname=d["NAME"]
    )


def until(met: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + LONGEST
    while not met():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def waiting_for_a_lock() -> bool:
    """In this database: others of the cluster belong to tests that run at the same time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_killed_consumer_loses_nothing_and_the_next_one_acts_once(events: Events, consumer: Any) -> None:
    blocker = as_owner()
    blocker.cursor().execute("LOCK TABLE delivery_acknowledgement IN ACCESS EXCLUSIVE MODE")
    events.intake(b"<unreadable/>")
    first = consumer()
    until(waiting_for_a_lock, "the consumer to be in the middle of a message")
    first.send_signal(signal.SIGKILL)
    assert first.wait(10) == -signal.SIGKILL
    blocker.rollback()
    blocker.close()
    assert not Acknowledgement.objects.exists()
    second = consumer()
    until(Acknowledgement.objects.exists, "the message to come again")
    second.send_signal(signal.SIGTERM)
    assert second.wait(LONGEST) == 0
    time.sleep(VISIBILITY)
    assert (Acknowledgement.objects.count(), events.waiting(), events.dead()) == (1, [], [])


def test_at_sigterm_the_message_at_hand_is_finished_first(events: Events, consumer: Any) -> None:
    blocker = as_owner()
    blocker.cursor().execute("LOCK TABLE delivery_acknowledgement IN ACCESS EXCLUSIVE MODE")
    events.intake(b"<unreadable/>")
    process = consumer()
    until(waiting_for_a_lock, "the consumer to be in the middle of a message")
    process.send_signal(signal.SIGTERM)
    blocker.rollback()
    blocker.close()
    assert process.wait(LONGEST) == 0
    assert Acknowledgement.objects.count() == 1
    time.sleep(VISIBILITY)
    assert events.waiting() == []


def test_while_the_database_is_away_no_message_is_taken(events: Events, consumer: Any, tmp_path: Path) -> None:
    events.intake(b"<unreadable/>")
    process = consumer(database="postgres://app:none@127.0.0.1:1/none")
    log = tmp_path / "consumer-0.log"
    until(lambda: "does not answer" in log.read_text(), "the log to say so")
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONGEST) == 0
    (message,) = events.sqs.receive_message(QueueUrl=events.queue_url, AttributeNames=["ApproximateReceiveCount"])[
        "Messages"
    ]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1", "this test's own"
