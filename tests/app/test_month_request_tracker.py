"""Real incidents in a live Request Tracker, billed by the portal: the figures are taken from the file alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from portal.contracts.services import source_update
from portal.domain.periods import Period
from portal.proformas import selectors, services
from portal.sources.request_tracker.parse import DEFAULT_VOCABULARY
from tests.support import real_incidents, tools
from tests.support.cast import cast_make
from tests.support.contracts import contract_make, prices_make
from tests.support.office import credentials_write
from tests.support.request_tracker import INSTALL, RequestTracker, installed
from tests.support.request_tracker_tickets import (
    CLOSED_ON,
    EXTERNAL_NUMBER,
    INCIDENTS,
    PRIORITY_CLASS,
)

pytestmark = [pytest.mark.django_db, pytest.mark.rt, pytest.mark.real_tickets]

MARCH = Period(2016, 3)
PRICES = {"1": Decimal("120.00"), "2": Decimal("74.25"), "3": Decimal("38.00"), "4": Decimal("22.50")}
FIXED = Decimal("2100.00")


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[RequestTracker]:
    if not installed():
        tools.missing("Request Tracker 5 is not installed.", remedy=INSTALL)
    tracker = RequestTracker(tmp_path / "rt")
    try:
        yield tracker.start()
    finally:
        tracker.stop()


def test_a_month_from_request_tracker_gives_the_figures_of_the_file(tracker: RequestTracker, directories: Path) -> None:
    rows = real_incidents.sample(real_incidents.last_rows(), month="2016-03", every=70)
    resolved = Counter(row["priority"] for row in rows if row["resolved_at"].startswith("2016-03-"))
    undated = [row for row in rows if not row["resolved_at"] and row["closed_at"].startswith("2016-03-")]
    assert sum(resolved.values()) > 100
    assert len(undated) > 5
    tracker.seed(map(real_incidents.as_ticket, rows))

    cast_make()
    credentials_write(directories / "credentials")
    path = directories / "credentials/customers/acme/source.json"
    path.write_text(json.dumps({"token": tracker.token_of("reader")}))
    contract = contract_make(timezone="UTC", source_url=tracker.url, valid_from=MARCH.first_day)
    source_update(
        source=contract.source,
        system="request_tracker",
        vocabulary=DEFAULT_VOCABULARY,
        settings={
            "queues": [INCIDENTS],
            "priority_field": f"CF.{PRIORITY_CLASS}",
            "closed_field": f"CF.{{{CLOSED_ON}}}",
            "number_field": f"CF.{EXTERNAL_NUMBER}",
        },
        actor="clara",
    )
    prices_make(contract, begin=MARCH.first_day)
    contract.source.refresh_from_db()
    run = services.month_start(contract=contract, period=MARCH, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    assert (run.problem, run.findings) == (None, [])
    proforma = selectors.proforma_of(contract, MARCH)
    assert proforma is not None

    lines = selectors.lines_of(proforma).filter(origin="tickets")
    assert {line.priority: int(line.quantity) for line in lines} == dict(resolved)
    assert selectors.boxes_of(proforma).excluded() == {"no_resolution_date": len(undated)}
    assert proforma.source_total == sum(resolved.values()) + len(undated)
    assert proforma.net == FIXED + sum(PRICES[p] * n for p, n in resolved.items())
