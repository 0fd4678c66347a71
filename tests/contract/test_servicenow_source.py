"""The source `servicenow` against the sandbox customer's Table API."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.domain.errors import SourceError
from portal.domain.periods import Period
from portal.domain.tickets import Vocabulary
from portal.sources.servicenow.parse import DEFAULT_VOCABULARY
from sandbox.server import SandboxServer
from tests.support.sandbox import config, fault
from tests.support.servicenow import BERLIN, CLIENT, MARCH, USER, inside, put, read, source


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(config(tmp_path, token_seconds=1)) as running:
        yield running


def test_a_month_is_read_whole_from_both_tables(server: SandboxServer) -> None:
    platform = source(server)
    platform.probe()
    pages = list(platform.read(MARCH))
    tickets = [ticket for page in pages for ticket in page.tickets]
    assert {t.number for t in tickets} == inside(server)
    assert len(tickets) == len(inside(server)) == platform.total(MARCH) == pages[0].total == 580
    assert Counter(t.kind for t in tickets) == {"incident": 420, "sc_req_item": 160}
    words = Vocabulary.from_json(DEFAULT_VOCABULARY)
    assert all(words.kind(t) and words.outcome(t) and words.priority(t) for t in tickets)
    assert all(len(t.caller) == 32 and t.group and t.summary for t in tickets)


@pytest.mark.parametrize(
    "settings",
    [
        {"page_size": 7, "parallel": 3},
        {"page_size": 1, "tables": ["sc_req_item"]},
        {"page_size": 100, "parallel": 1},
        {"page_size": 20, "parallel": 16},
    ],
)
def test_slices_and_pages_of_any_size_give_the_same_month(server: SandboxServer, settings: dict[str, Any]) -> None:
    tables = settings.get("tables", ["incident", "sc_req_item"])
    expected = sorted((t for t in read(server) if t.kind in tables), key=lambda t: t.source_key)
    assert sorted(read(server, **settings), key=lambda t: t.source_key) == expected


def test_the_months_edges_are_those_of_berlin_with_summer_time(server: SandboxServer) -> None:
    edges = {
        "INC1": "2026-02-28 22:59:59",
        "INC2": "2026-02-28 23:00:00",
        "INC3": "2026-03-31 21:59:59",
        "INC4": "2026-03-31 22:00:00",
    }
    for number, moment in edges.items():
        put(server, number, resolved_at=moment, closed_at="2026-04-20 00:00:00")
        put(server, f"RITM{number}", closed_at=moment, state="3", sys_class_name="sc_req_item")
    found = {t.number for t in read(server)}
    assert found & (edges.keys() | {f"RITM{n}" for n in edges}) == {"INC2", "INC3", "RITMINC2", "RITMINC3"}


def test_an_incident_closed_without_a_resolution_date_belongs_to_the_month_of_its_closing(
    server: SandboxServer,
) -> None:
    put(server, "INC5", closed_at="2026-03-10 10:00:00")
    put(server, "INC6", closed_at="2026-03-10 10:00:00", resolved_at="2026-02-10 10:00:00")
    put(server, "INC7", closed_at="2026-04-10 10:00:00")
    found = {t.number: t for t in read(server)}
    assert found["INC5"].resolved_at is None
    assert not {"INC6", "INC7"} & found.keys()


def test_a_date_that_is_none_comes_with_its_problem(server: SandboxServer) -> None:
    put(server, "INC8", resolved_at="2026-03-19 25:61:00")
    (ticket,) = [t for t in read(server) if t.number == "INC8"]
    assert ticket.resolved_at is None
    assert ticket.problems == ("resolved_at: '2026-03-19 25:61:00' is no date",)


def test_an_empty_month_is_empty(server: SandboxServer) -> None:
    assert read(server, Period(2020, 1).window(BERLIN)) == []


@pytest.mark.parametrize(
    "credential",
    [
        USER,
        {**USER, "grant": "basic", "client_id": "unused"},
        {**USER, **CLIENT},
        {**USER, **CLIENT, "grant": "password"},
        CLIENT,
        {**CLIENT, "grant": "client_credentials"},
    ],
)
def test_every_way_of_signing_in_works(server: SandboxServer, credential: dict[str, str]) -> None:
    platform = source(server, credential)
    platform.probe()
    assert platform.total(MARCH) == 580


def test_a_token_that_ends_early_is_renewed(server: SandboxServer) -> None:
    platform = source(server, {**USER, **CLIENT}, page_size=200)
    pages = platform.read(MARCH)
    count = len(next(pages).tickets)
    time.sleep(1.2)  # tokens of this sandbox live for a second
    assert count + sum(len(page.tickets) for page in pages) == 580


def test_requests_run_side_by_side_but_never_more_than_allowed(server: SandboxServer) -> None:
    most = watch(server)
    fault(server.url, latency_ms=60)
    assert len(read(server, page_size=20, parallel=4)) == 580
    assert most() == 4


def watch(server: SandboxServer) -> Callable[[], int]:
    """From now on count the requests that are in the sandbox at the same time; returns the reader of the maximum."""
    lock, now, most = threading.Lock(), [0], [0]

    def enter() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])

    def leave(_error: BaseException | None) -> None:
        with lock:
            now[0] -= 1

    server.app._got_first_request = False  # hooks may be added although it has answered before
    server.app.before_request(enter)
    server.app.teardown_request(leave)
    return lambda: most[0]


def test_reading_may_be_left_at_any_page(server: SandboxServer) -> None:
    pages = source(server, page_size=10).read(MARCH)
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 5
    while any(t.name.startswith("servicenow") for t in threading.enumerate()):
        assert time.monotonic() < end, "threads were left behind"
        time.sleep(0.01)


def test_an_extra_query_holds_for_every_row(server: SandboxServer) -> None:
    some = read(server, extra_query="priority=1^ORpriority=2")
    assert some
    assert {t.number for t in some} == {t.number for t in read(server) if t.priority in "12"}


def test_fields_of_an_instance_can_be_named(server: SandboxServer) -> None:
    put(server, "INC10", resolved_at="2026-03-05 10:00:00", u_class="2", short_description="text")
    fields = {"incident": {"priority": "u_class", "summary": ""}}
    found = {t.number: t for t in read(server, fields=fields, caller_field="")}
    assert (found["INC10"].priority, found["INC10"].summary) == ("2", "")
    assert {t.caller for t in found.values()} == {""}


def test_tickets_are_read_again_by_key_as_they_are_now(server: SandboxServer) -> None:
    platform = source(server)
    before = [t for page in platform.read(MARCH) for t in page.tickets][:250]
    put(server, before[0].number, sys_id=before[0].source_key, state="8", sys_class_name=before[0].kind)
    again = {t.source_key: t for t in platform.read_keys([*(t.source_key for t in before), "0" * 32])}
    assert again.keys() == {t.source_key for t in before}
    assert again[before[0].source_key].state == "8"
    assert platform.read_keys([]) == ()


def test_keys_that_are_none_are_not_put_into_a_query(server: SandboxServer) -> None:
    with pytest.raises(SourceError, match="1 keys are no sys_ids"):
        source(server).read_keys(["a" * 32, "x^NQactive=true"])


@pytest.mark.real_tickets
def test_the_real_export_gives_its_control_figures(tmp_path: Path) -> None:
    export = Path(os.environ.get("PROFORMA_REAL_TICKETS", ""))
    if not export.is_file():
        pytest.skip("PROFORMA_REAL_TICKETS names no file")
    with SandboxServer(config(tmp_path, tickets=export)) as server:
        tickets = read(server, Period(2016, 3).window(ZoneInfo("UTC")))
    assert len(tickets) == 7341
    assert Counter(t.resolved_at is None for t in tickets) == {False: 6878, True: 463}
