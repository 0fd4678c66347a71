"""What a ServiceNow should never answer, and settings that nobody should enter."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import SourceError
from portal.domain.periods import Window
from portal.domain.sources import Credential, SourceAccess
from portal.sources.servicenow.client import ServiceNow, open_source
from portal.sources.servicenow.queries import selections, slice_count
from portal.sources.servicenow.reading import Cursor, Tally
from portal.sources.servicenow.settings import settings_of
from tests.support.scripted_server import Handler, Scripted, answers_json, scripted_server

WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
ROW = {"sys_id": "a1", "number": "RITM1", "state": "3", "closed_at": "2026-03-10 10:00:00"}


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted_server() as scripted:
        yield scripted


def source(server: Scripted, **settings: Any) -> ServiceNow:
    user = Credential({"username": "u", "password": "p"})
    return open_source(
        SourceAccess(server.url, user, {"tables": ["sc_req_item"], **settings}, str, allow_loopback=True)
    )


def refusal(server: Scripted, **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(source(server, **settings).read(WINDOW))
    assert caught.value.problem.remedy
    return caught.value


def rows(*found: Any, total: int | None = None) -> Any:
    return answers_json({"result": list(found)}, X_Total_Count=str(len(found) if total is None else total))


def test_an_answer_without_a_count_proves_nothing(server: Scripted) -> None:
    server.does(answers_json({"result": []}))
    assert "X-Total-Count" in str(refusal(server))


@pytest.mark.parametrize("count", ["-1", "many", "", "1,000", "²"])
def test_a_count_that_is_no_number_is_no_count(server: Scripted, count: str) -> None:
    server.does(answers_json({"result": []}, X_Total_Count=count.encode().decode("latin-1")))
    assert "X-Total-Count" in str(refusal(server))


@pytest.mark.parametrize("data", [[], {}, {"result": {}}, {"result": ["a"]}, {"result": [None]}, "text", None, 5])
def test_json_that_is_not_a_table_apis_is_refused(server: Scripted, data: Any) -> None:
    server.does(answers_json(data, X_Total_Count="1"))
    assert "not that of a Table API" in str(refusal(server))


def test_an_answer_that_ends_in_an_error_is_not_taken_for_a_short_page(server: Scripted) -> None:
    partial = {"result": [ROW], "error": {"message": "Transaction cancelled: maximum execution time exceeded"}}
    server.does(answers_json(partial, X_Total_Count="1"))
    error = refusal(server)
    assert not error.permanent
    assert "page_size" in str(error)


def test_rows_without_their_key_are_refused(server: Scripted) -> None:
    server.does(rows({**ROW, "sys_id": ""}))
    assert "without their sys_id" in str(refusal(server))


def test_a_platform_that_does_not_turn_the_page_is_found_out(server: Scripted) -> None:
    server.does(rows(ROW, total=3))
    error = refusal(server, parallel=1, page_size=1)
    assert not error.permanent
    assert "1 of 1 rows of a page had come before" in str(error)


def test_a_platform_that_counts_rows_and_shows_none_is_not_asked_for_ever(server: Scripted) -> None:
    server.does(rows(total=5000))
    assert "5000 counted before, 5000 in slices, 5000 after, 0 came" in str(refusal(server, parallel=1))
    assert len(server.requests) == 1 + 5 + 1


def test_a_platform_without_end_is_left(server: Scripted) -> None:
    """Ever new rows, ever as many to come."""

    def one_more(handler: Handler) -> None:
        rows({**ROW, "sys_id": f"a{len(server.requests)}"}, total=3)(handler)

    server.does(one_more)
    assert "more rows than the 3 that were counted" in str(refusal(server, parallel=1, page_size=1))
    assert len(server.requests) < 8


def test_a_page_in_the_middle_that_is_hidden_is_stepped_over() -> None:
    (selection,) = selections(settings_of({"tables": ["sc_req_item"]}), WINDOW)
    cursor = Cursor(selection, Tally(selection, 30))
    cursor.advance([f"{n:02}" for n in range(10)], count=30, limit=10)
    assert (cursor.last, cursor.offset, cursor.done) == ("09", 0, False)
    cursor.advance([], count=20, limit=10)
    assert (cursor.last, cursor.offset, cursor.done) == ("09", 10, False)
    cursor.advance([f"{n:02}" for n in range(20, 30)], count=20, limit=10)
    assert (cursor.last, cursor.offset, cursor.done) == ("29", 0, True)


@given(st.integers(0, 10**6), st.integers(1, 2000), st.integers(1, 16))
def test_slices_are_never_more_than_pages_and_leave_nobody_idle(total: int, page_size: int, parallel: int) -> None:
    count = slice_count(total, settings_of({"page_size": page_size, "parallel": parallel}))
    assert 1 <= count <= max(1, -(-total // page_size))
    if parallel > 1 and total > 2 * parallel * page_size:
        assert count >= parallel


@given(st.integers(1, 40), st.integers(1, 10**7))
def test_slices_of_a_selection_join_without_gap_or_overlap(count: int, seconds: int) -> None:
    window = Window(WINDOW.start, WINDOW.start + timedelta(seconds=seconds))
    (selection,) = selections(settings_of({"tables": ["sc_req_item"]}), window)
    parts = selection.slices(count)
    edges = [part.query().split("^")[:2] for part in parts]
    assert edges[0][0] == "closed_at>=2026-03-01 00:00:00"
    assert all(one[1].replace("<", ">=") == two[0] for one, two in itertools.pairwise(edges))
    assert parts[-1].window.end == window.end


def test_an_incident_is_asked_for_by_resolution_and_by_closing_without_one() -> None:
    by_resolution, without = selections(settings_of({"tables": ["incident"], "extra_query": "company=x"}), WINDOW)
    assert by_resolution.query("k") == (
        "company=x^resolved_at>=2026-03-01 00:00:00^resolved_at<2026-04-01 00:00:00^sys_id>k^ORDERBYsys_id"
    )
    assert without.query() == (
        "company=x^closed_at>=2026-03-01 00:00:00^closed_at<2026-04-01 00:00:00^resolved_atISEMPTY^ORDERBYsys_id"
    )


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"page_sise": 10}, "page_sise"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 2001}, "page_size"),
        ({"page_size": "100"}, "page_size"),
        ({"page_size": True}, "page_size"),
        ({"parallel": 17}, "parallel"),
        ({"tables": []}, "tables"),
        ({"tables": "incident"}, "tables"),
        ({"tables": ["incident?x=1"]}, "tables"),
        ({"tables": {"incident": "opened_at"}}, "tables"),
        ({"extra_query": "a=1^NQb=2"}, "extra_query"),
        ({"extra_query": "a=1^ORDERBYnumber"}, "extra_query"),
        ({"extra_query": ["a=1"]}, "extra_query"),
        ({"fields": []}, "fields"),
        ({"fields": {"incident": {"colour": "u_colour"}}}, "fields"),
        ({"fields": {"incident": {"priority": "u_x^NQ"}}}, "fields"),
        ({"fields": {"incident": {"resolved_at": ""}}}, "fields"),
        ({"fields": {"incident": {"source_key": "number"}}}, "fields"),
        ({"caller_field": {"incident": 5}}, "fields"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(SourceError, match=f"settings: {word}"):
        settings_of(settings)


def test_a_customers_own_table_is_read_by_the_date_that_is_named() -> None:
    (table,) = settings_of({"tables": {"u_hr_case": "resolved_at"}, "caller_field": "u_employee"}).tables
    assert (table.counted_by, table.fields["resolved_at"], table.fields["caller"]) == (
        "resolved_at",
        "resolved_at",
        "u_employee",
    )
