"""A running portal of the applied cloud: PostgreSQL here, everything else as the environment's outputs name it."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2

from portal.domain.periods import Period
from scripts import postgres, rehearsal
from scripts.processes import Child, Family
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud

PATIENCE = 180.0
"""gross: the machine may be busy"""
LEASE, VISIBILITY = 2, 8
"""Seconds; shorter than in production, so that nobody waits, and in the same order"""
EXPIRES, SWEEP = 90, 2
"""Seconds after which a message that wakes workers counts no more: one that comes again must; then beat's own"""
CUSTOMER, ZONE = "sandbox", "Europe/Berlin"
SCHEDULER = "scheduler"
PEOPLE = (("petra", "preparer"), ("anton", "approver"), ("carla", "contract_manager"), (SCHEDULER, "preparer"))
DOORS = {"servicenow": "servicenow-demo", "sap": "sap-demo", "acknowledgement": "acknowledgement-demo"}


@dataclass(frozen=True, slots=True)
class Office:
    """`family`: its processes. `doors`: user name and password of each of the customer's systems."""

    family: Family
    state: Path
    period: Period
    doors: Mapping[str, Mapping[str, str]]
    database: str

    def ask(self, question: str) -> Any:
        """The first column of the first row, as the portal's own role sees it; None without a row."""
        connection = psycopg2.connect(self.database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(question)
                row = cursor.fetchone()
                return row[0] if row else None
        finally:
            connection.close()

    def until(self, met: Callable[[], object], what: str) -> None:
        """Raises RehearsalError when that does not come, ChildEndedError when a process that has to stay does not."""
        end = time.monotonic() + PATIENCE
        while not met():
            self.family.check()
            if time.monotonic() > end:
                raise RehearsalError(f"{what}: not within {PATIENCE:.0f} s. Logs: {self.state / 'logs'}")
            time.sleep(0.2)

    def manage(self, *words: str, extra: Mapping[str, str] | None = None) -> None:
        if code := self.family.run([sys.executable, "manage.py", *words], extra):
            raise RehearsalError(f"manage.py {words[0]} ended with {code}. Logs: {self.state / 'logs'}")

    def demo_month(self, part: str) -> None:
        self.manage("demo_month", "--plan", str(self.state / "plan.json"), "--part", part)

    def celery(self, *words: str, extra: Mapping[str, str] | None = None) -> Child:
        command = [sys.executable, "-m", "scripts.leashed", "celery", "-A", "portal.celery", *words]
        return self.family.start(f"celery {words[0]} {secrets.token_hex(2)}", command, extra=extra)

    def worker(self) -> Child:
        """As proforma-worker.service starts it."""
        options = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        return self.celery("worker", "--concurrency", "1", "--loglevel", "INFO", *options)

    def beat(self) -> Child:
        options = ("--loglevel", "WARNING", "--schedule", str(self.state / "beat"), "--pidfile=")
        return self.celery("beat", *options, extra={"PROFORMA_SWEEP_SECONDS": str(SWEEP)})

    def consumer(self) -> Child:
        """As proforma-events.service starts it."""
        return self.family.start("events", [sys.executable, "manage.py", "events_consume", "--wait", "1"])

    def sandbox(self, acknowledge_url: str) -> str:
        """The customer's systems; their address."""
        given = rehearsal.secret(self.state / "sandbox.json", json.dumps(self.doors))
        command = [sys.executable, "-m", "sandbox", "serve", "--state", str(self.state / "sandbox")]
        command += ["--secrets", str(given), "--period", str(self.period), "--timezone", ZONE, "--tickets-count", "120"]
        command += ["--acknowledge-url", acknowledge_url, "--acknowledge-after", "1"]
        child = self.family.start("customer", command)

        def line() -> str:
            said = child.log.read_text(errors="replace").splitlines(keepends=True)
            return next((one for one in said if one.startswith("{") and one.endswith("\n")), "")

        self.until(line, "The sandbox customer says where it is")
        return str(json.loads(line())["url"])

    def plan(self, sandbox_url: str) -> None:
        """What demo_month needs."""
        people = [
            {"username": name, "full_name": name.title(), "roles": [role], "password": secrets.token_urlsafe(12)}
            for name, role in PEOPLE
        ]
        (self.state / "out").mkdir()
        plan = {
            "period": str(self.period),
            "timezone": ZONE,
            "out": str(self.state / "out"),
            "sandbox_url": sandbox_url,
            "credentials": {door: _reference(door) for door in DOORS},
            "people": people,
            "stays": False,
            "ignored_findings": [],
        }
        rehearsal.secret(self.state / "plan.json", json.dumps(plan))


@contextmanager
def opened(cloud: Cloud, outputs: Mapping[str, Any], state: Path) -> Iterator[Office]:
    """Database made, nothing started. All processes end with it."""
    state.mkdir()
    (state / "logs").mkdir()
    with postgres.for_tests() as cluster:
        known = rehearsal.surroundings(state, cluster)
        owner = {"PROFORMA_MIGRATION_DATABASE_URL": known.pop("PROFORMA_MIGRATION_DATABASE_URL")}
        environment = known | cloud.environment() | _estate(cloud, outputs)
        family = Family(state / "logs", environment | {"PYTHONUNBUFFERED": "1"}, rehearsal.APP)
        period = Period.of(datetime.now(ZoneInfo(ZONE)).date()).previous()
        office = Office(family, state, period, _doors(state), environment["PROFORMA_DATABASE_URL"])
        try:
            office.manage("migrate", "--verbosity", "0", extra=owner)
            yield office
        finally:
            family.close()


def _estate(cloud: Cloud, outputs: Mapping[str, Any]) -> dict[str, str]:
    """The portal's settings, from what was applied."""
    return {
        "PROFORMA_S3_ENDPOINT_URL": cloud.endpoint,
        "PROFORMA_DOCUMENTS_BUCKET": outputs["buckets"]["documents"],
        "PROFORMA_INBOX_BUCKET": outputs["buckets"]["inbox"],
        "PROFORMA_EVENTS_QUEUE_URL": outputs["queues"]["events"]["url"],
        "PROFORMA_BROKER_URL": "sqs://",
        "PROFORMA_BROKER_QUEUE_URL": outputs["queues"]["celery"]["url"],
        "PROFORMA_BROKER_VISIBILITY_SECONDS": str(VISIBILITY),
        "PROFORMA_LEASE_SECONDS": str(LEASE),
        "PROFORMA_SWEEP_SECONDS": str(EXPIRES),
        "PROFORMA_SCHEDULE_ACTOR": SCHEDULER,
    }


def _doors(state: Path) -> dict[str, dict[str, str]]:
    """The customer's credentials, where workers look for them."""
    doors = {door: {"username": name, "password": secrets.token_urlsafe(24)} for door, name in DOORS.items()}
    for door, given in doors.items():
        path = state / "credentials" / f"{_reference(door)}.json"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        rehearsal.secret(path, json.dumps(given))
    return doors


def _reference(door: str) -> str:
    return f"customers/{CUSTOMER}/{door}"


def scheduled_time() -> str:
    """As EventBridge Scheduler writes it into an input."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
