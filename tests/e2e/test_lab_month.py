"""The lab's two people, on the same pages but without hosts and tunnels: so that a changed page is noticed early."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connections

from portal import celery
from portal.accounts.models import Role
from portal.accounts.services import user_create
from portal.delivery.services import due_work_run
from scripts.lab_lib.trials import month, office, proof
from scripts.lab_lib.trials.browser import Portal
from scripts.lab_lib.trials.office import Endpoints
from tests.support.contracts import VOCABULARY
from tests.support.office import credentials_write, sandbox_running

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def _json(url: str) -> Any:
    return requests.get(url, timeout=10).json()


@contextmanager
def working() -> Iterator[None]:
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            due_work_run()
        connections.close_all()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def test_two_people_play_months_from_an_empty_portal_to_saps_answer(
    live_server: Any, directories: Path, tmp_path: Path
) -> None:
    assert celery.app.conf.broker_url  # whoever wakes a worker has to know the broker
    given: dict[str, Any] = {"tickets_count": 60, "dirty_blocking": True, "acknowledge_after": 0.2}
    inbox = f"{live_server.url}/inbox/acknowledgements/acme"
    credentials_write(directories / "credentials")
    with sandbox_running(tmp_path / "sandbox", acknowledge_url=inbox, **given) as sandbox, working():
        people = office.Office(Portal(live_server.url, "", tmp_path), office.passwords(tmp_path / "people.json"))
        user_create(
            username=office.ADMINISTRATOR,
            password=people.passwords[office.ADMINISTRATOR],
            roles=[Role.ADMINISTRATOR],
            actor="installation",
        )
        at = Endpoints("acme", sandbox.url, f"{sandbox.url}/sap/bc/idoc_xml", "", VOCABULARY)
        for _ in range(2):  # a second time nothing is made
            office.people(people)
            page = office.customer(people, at)
        assert page.endswith(people.of("clara").get(page).path)
        office.contract(people, "LAB-1", "2026-03")
        seen: list[str] = []
        played = month.play(people, "LAB-1", "2026-03", collecting=seen.append, delivering=seen.append)
        assert (played.outcome, len(seen)) == ("parked", 2)
        assert played.counts["carried over"] == 1
        assert sum(n for box, n in played.counts.items() if box in ("billed", "excluded", "carried over")) == sum(
            n for box, n in played.counts.items() if box in ("collected", "carried in")
        )
        assert played.totals["Net"] + played.totals["VAT"] == played.totals["Total"] > Decimal(9250)
        assert {name.rsplit(".", 1)[1] for name in played.documents} >= {"pdf", "xml", "csv", "html"}
        with connections["default"].cursor() as cursor:
            cursor.execute(proof.FACTS.format(number=played.number))
            (database,) = cursor.fetchone()
        received = _json(f"{sandbox.url}/sandbox/received")["received"]
        assert proof.problems(proof.Facts(played, database, received)) == []
        assert "The chain is whole" in month.chain_is_whole(people)
