"""What is pure in the source `request_tracker`, and how it takes answers that RT gives only when set up differently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.domain.errors import SourceError
from portal.domain.periods import Window
from portal.domain.tickets import Kind, Outcome, Vocabulary
from portal.lib.http import JsonAnswer
from portal.sources.request_tracker import parse, queries
from portal.sources.request_tracker.account import check_zone
from portal.sources.request_tracker.api import Rest
from portal.sources.request_tracker.settings import Settings
from tests.support.request_tracker import request_tracker_packages

ANSWERED: dict[str, Any] = {  # by RT 5.0.3
    "Subject": "A <b> ü & x",
    "_url": "http://127.0.0.1:18099/REST/2.0/ticket/1",
    "CustomFields": [
        {"name": "Severity", "type": "customfield", "id": "2", "values": ["2"]},
        {"name": "Closed", "type": "customfield", "id": "3", "values": ["2016-03-02T15:00:00Z"]},
    ],
    "Status": "resolved",
    "Created": "2016-02-23T08:55:26Z",
    "Queue": {"type": "queue", "id": "3", "Name": "Incidents"},
    "Resolved": "2016-03-01T00:00:00Z",
    "LastUpdated": "2016-03-03T08:55:26Z",
    "Priority": "50",
    "type": "ticket",
    "Requestor": [{"type": "user", "id": "anna.berg@customer.example"}],
    "id": "1",
}
MARCH = Window(datetime(2016, 3, 1, tzinfo=UTC), datetime(2016, 4, 1, tzinfo=UTC))
UNSET = "1970-01-01T00:00:00Z"


def settings(**given: Any) -> Settings:
    return Settings.from_json({"queues": ["Incidents"], "closed_field": "CF.Closed", **given})


def ticket(changes: Mapping[str, Any] | None = None, **given: Any) -> Any:
    return parse.ticket({**ANSWERED, **(changes or {})}, settings(**given), lambda person: f"<{person[:4]}>")


def test_an_answer_becomes_a_ticket_in_rts_own_words() -> None:
    found = ticket(priority_field="CF.Severity")
    assert (found.source_key, found.number, found.kind, found.priority) == ("1", "RT-1", "Incidents", "2")
    assert (found.state, found.summary, found.caller) == ("resolved", "A <b> ü & x", "<anna>")
    assert found.resolved_at == found.closed_at == datetime(2016, 3, 1, tzinfo=UTC)
    assert found.opened_at == datetime(2016, 2, 23, 8, 55, 26, tzinfo=UTC)
    assert found.problems == ()


def test_the_year_1970_is_no_date() -> None:
    found = ticket({"Resolved": UNSET, "Created": UNSET})
    assert (found.resolved_at, found.opened_at) == (None, None)
    assert found.closed_at == datetime(2016, 3, 2, 15, tzinfo=UTC)
    assert parse.belongs(found, MARCH)


@pytest.mark.parametrize("text", ["2016-02-30T00:00:00Z", "soon", "2016-03-02 15:00:00"])
def test_a_date_that_is_none_stays_with_its_ticket_and_is_told(text: str) -> None:
    custom = [{"name": "Closed", "values": [text]}]
    found = ticket({"CustomFields": custom, "Resolved": UNSET})
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"closed_at: '{text}'")
    assert parse.belongs(found, MARCH)


def test_a_ticket_outside_the_window_does_not_belong() -> None:
    assert not parse.belongs(ticket({"Resolved": "2016-04-01T00:00:00Z"}), MARCH)
    assert parse.belongs(ticket({"Resolved": "2016-03-31T23:59:59Z"}), MARCH)


def test_two_values_where_one_is_meant_map_to_nothing() -> None:
    assert (
        ticket({"CustomFields": [{"name": "Severity", "values": ["1", "2"]}]}, priority_field="CF.Severity").priority
        == "1, 2"
    )


def test_an_empty_number_falls_back_to_rts_own() -> None:
    assert ticket(number_field="CF.Severity").number == "2"
    assert ticket({"CustomFields": []}, number_field="CF.Severity").number == "RT-1"


def test_only_the_fields_that_are_needed_are_asked_for() -> None:
    assert "CustomFields" not in parse.asked_fields(settings(closed_field=""))["fields"]
    assert "CustomFields" in parse.asked_fields(settings())["fields"]
    assert "Priority" not in parse.asked_fields(settings(priority_field="CF.Severity"))["fields"]


def test_the_default_vocabulary_is_one() -> None:
    vocabulary = Vocabulary.from_json(parse.DEFAULT_VOCABULARY)
    found = ticket(priority_field="CF.Severity")
    assert vocabulary.kind(found) is Kind.INCIDENT
    assert vocabulary.outcome(found) is Outcome.COMPLETED
    assert vocabulary.priority(found) == "2"
    assert vocabulary.priority(ticket()) is None, "what RT's 50 stands for is for the contract to say"


def test_a_query_names_edges_without_a_zone_and_never_rounds_a_ticket_in() -> None:
    window = Window(datetime(2016, 3, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(2016, 4, 1, tzinfo=UTC))
    text = queries.closed_in(window, "Closed")
    assert "Resolved >= '2016-03-01 00:00:01' AND Resolved < '2016-04-01 00:00:00'" in text
    assert "CF.{Closed} IS NULL AND LastUpdated >=" in text
    assert "Z'" not in text


@pytest.mark.parametrize(
    ("token", "number"),
    [("1-27-035c90a25e", 27), ("2-27-035c90a25e", None), ("hunter2", None), ("", None), ("1-27-", None)],
)
def test_a_token_names_its_account(token: str, number: int | None) -> None:
    assert parse.account_id(token) == number


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "GMT"])
def test_an_account_in_utc_is_in_order(zone: str) -> None:
    check_zone({"Name": "reader", "Timezone": zone})


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "", None])
def test_an_account_in_another_zone_is_not_even_if_it_is_utc_in_winter(zone: str | None) -> None:
    with pytest.raises(SourceError, match="time zone"):
        check_zone({"Name": "reader", "Timezone": zone})


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"queues": []}, "queues"),
        ({"queues": "Incidents"}, "queues"),
        ({"quues": ["Incidents"]}, "quues"),
        ({"priority_field": "Prio"}, "priority_field"),
        ({"closed_field": "CF.{a' OR id > 0 OR CF.b}"}, "closed_field"),
        ({"page_size": 1000}, "page_size"),
        ({"parallel": "many"}, "parallel"),
        ({"number_field": None}, "number_field"),
    ],
)
def test_a_setting_that_cannot_be_is_named(given: dict[str, Any], where: str) -> None:
    with pytest.raises(SourceError) as caught:
        Settings.from_json({"queues": ["Incidents"], **given})
    assert where in caught.value.problem.where
    assert caught.value.permanent


class Door:
    """Answers each request with the next of these documents."""

    def __init__(self, *documents: Any) -> None:
        self.documents = list(documents)

    def get_json(self, _path: str, _params: Mapping[str, str]) -> JsonAnswer:
        return JsonAnswer(self.documents.pop(0), {}, 200)


def rest(*documents: Any) -> Rest:
    return Rest(Door(*documents))  # type: ignore[arg-type]


def test_a_page_that_was_made_short_is_no_end() -> None:
    first, second = {"items": [{"id": "3"}], "total": 2}, {"items": [{"id": "7"}], "total": 1}
    assert list(rest(first, second).pages("q", {}, 100)) == [([{"id": "3"}], 2), ([{"id": "7"}], 1)]


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"items": [{"id": "1"}], "total": None}, "does not say how many"),
        ({"items": [], "total": 4}, "does not hand out"),
        ({"items": [{"id": "5"}, {"id": "4"}], "total": 2}, "order of their ids"),
        ({"items": [{"number": "5"}], "total": 1}, "no ticket"),
        ({"items": ["5"], "total": 1}, "no ticket"),
        ({"result": []}, "no list of tickets"),
        ([], "not what Request Tracker gives"),
    ],
)
def test_an_answer_that_proves_nothing_is_not_taken_for_an_empty_month(document: Any, what: str) -> None:
    with pytest.raises(SourceError, match=what):
        list(rest(document).pages("q", {}, 100))


def test_the_packages_of_the_live_instance_are_those_that_the_setup_installs() -> None:
    listed = Path(__file__).parents[2].joinpath("scripts/system-packages-test.txt").read_text()
    assert set(request_tracker_packages()) <= {line.partition("#")[0].strip() for line in listed.splitlines()}
