"""Rows of ServiceNow's Table API become tickets, whatever stands in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.tickets import Kind, Outcome, Ticket, Vocabulary
from portal.sources.servicenow.parse import DEFAULT_VOCABULARY, INCIDENT_FIELDS, REQUEST_FIELDS, row_parser

INCIDENT = {
    "sys_id": "9d385017c611228701d22104cc95c371",
    "number": "INC0000060",
    "priority": "3",
    "state": "7",
    "opened_at": "2026-03-02 08:49:00",
    "resolved_at": "2026-03-05 13:51:46",
    "closed_at": "2026-03-12 14:00:00",
    "sys_updated_on": "2026-03-12 14:00:01",
    "short_description": "Unable to connect to email",
    "caller_id": "681ccaf9c0a8016400b98a06818d57c7",
    "assignment_group.name": "Service Desk",
}
REQUEST = {
    "sys_id": "aeed229047801200e0ef563dbb9a71c2",
    "number": "RITM0000001",
    "priority": "4",
    "state": "3",
    "opened_at": "2026-03-01 23:00:00",
    "closed_at": "2026-03-31 21:59:59",
    "sys_updated_on": "2026-03-31 22:00:00",
    "short_description": "Apple iPhone 13",
    "request.requested_for": "5137153cc611227c000bbd1bd8cd2005",
    "assignment_group.name": "",
}
DATES = ("opened_at", "resolved_at", "closed_at", "sys_updated_on")


def incidents(*rows: dict[str, Any]) -> list[Ticket]:
    return row_parser("incident", INCIDENT_FIELDS, lambda person: f"<{person[:4]}>" if person else "")(rows)


def incident(**changes: Any) -> Ticket:
    return incidents({**INCIDENT, **changes})[0]


def test_an_incident_keeps_the_sources_words_and_no_person() -> None:
    assert incident() == Ticket(
        source_key="9d385017c611228701d22104cc95c371",
        number="INC0000060",
        kind="incident",
        priority="3",
        state="7",
        opened_at=datetime(2026, 3, 2, 8, 49, tzinfo=UTC),
        resolved_at=datetime(2026, 3, 5, 13, 51, 46, tzinfo=UTC),
        closed_at=datetime(2026, 3, 12, 14, 0, tzinfo=UTC),
        updated_at=datetime(2026, 3, 12, 14, 0, 1, tzinfo=UTC),
        summary="Unable to connect to email",
        caller="<681c>",
        group="Service Desk",
    )


def test_a_ticket_made_by_columns_is_one_like_any_other() -> None:
    ticket = incident()
    with pytest.raises(AttributeError):
        ticket.number = "other"  # type: ignore[misc]
    again = Ticket(*(getattr(ticket, name) for name in Ticket.__slots__))
    assert (again, again.sha256(), hash(again), repr(again)) == (ticket, ticket.sha256(), hash(ticket), repr(ticket))


def test_a_service_request_has_no_resolution_date() -> None:
    (ticket,) = row_parser("sc_req_item", REQUEST_FIELDS, str.upper)([REQUEST])
    assert (ticket.kind, ticket.resolved_at, ticket.problems) == ("sc_req_item", None, ())
    assert ticket.closed_at == datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)
    assert ticket.caller == "5137153CC611227C000BBD1BD8CD2005"


def test_no_rows_are_no_tickets() -> None:
    assert incidents() == []


@pytest.mark.parametrize("field", DATES)
@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30 10:00:00",
        "0000-00-00 00:00:00",
        "2026-03-01",
        "2026-03-01 10:00",
        "2026-03-01 10:00+01",
        "2026-03-01 10:00:00+01:00",
        "01/03/2026 10:00:00",
        "yesterday",
        "?",
        " ",
    ],
)
def test_a_date_that_is_none_is_named_and_the_ticket_is_kept(field: str, value: str) -> None:
    ours = {"sys_updated_on": "updated_at"}.get(field, field)
    good, bad = incidents(INCIDENT, {**INCIDENT, field: value})
    assert good.problems == ()
    assert getattr(bad, ours) is None
    assert bad.problems == (f"{ours}: {value!r} is no date",)


def test_two_bad_dates_are_two_problems_of_their_own_row() -> None:
    tickets = incidents(INCIDENT, {**INCIDENT, "opened_at": "x", "closed_at": "y" * 100}, INCIDENT)
    assert [len(t.problems) for t in tickets] == [0, 2, 0]
    assert len(tickets[1].problems[1]) < 70


@pytest.mark.parametrize("field", DATES)
def test_a_date_that_is_empty_or_hidden_is_no_date_and_no_problem(field: str) -> None:
    ours = {"sys_updated_on": "updated_at"}.get(field, field)
    without = {name: value for name, value in INCIDENT.items() if name != field}
    for ticket in incidents({**INCIDENT, field: ""}, {**INCIDENT, field: None}, without):
        assert (getattr(ticket, ours), ticket.problems) == (None, ())


def test_values_come_out_of_references_and_display_values() -> None:
    link = {"link": "https://example.com/x", "value": "abcd"}
    both = {"display_value": "3 - Moderate", "value": "3"}
    ticket = incident(caller_id=link, priority=both, resolved_at={"display_value": "", "value": None})
    assert (ticket.caller, ticket.priority, ticket.resolved_at) == ("<abcd>", "3", None)


def test_a_number_where_text_belongs_is_text() -> None:
    assert (incident(state=7).state, incident(priority=3).priority) == ("7", "3")


def test_a_ticket_without_priority_stays_without() -> None:
    assert incident(priority="").priority == ""


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Müller kann nicht drucken 🖨", "Müller kann nicht drucken 🖨"),
        ("two\nlines\tand a tab ", "two lines and a tab"),
        ("nul\x00 bell\x07", "nul\ufffd bell\ufffd"),
        ("half \ud83d", "half \ufffd"),
        ("no-break\u00a0space", "no-break space"),
        ("👩\u200d🔧", "👩\u200d🔧"),
    ],
)
def test_a_summary_is_one_line_that_every_document_can_hold(text: str, clean: str) -> None:
    assert incident(short_description=text).summary == clean


TEXT = st.one_of(st.none(), st.text(max_size=25))
CELL = st.one_of(TEXT, st.integers(), st.booleans(), st.lists(TEXT, max_size=1), st.fixed_dictionaries({"value": TEXT}))


@given(st.lists(st.dictionaries(st.sampled_from(list(INCIDENT)), CELL), max_size=3))
def test_no_row_stops_the_others(rows: list[dict[str, Any]]) -> None:
    tickets = incidents(*rows, INCIDENT)
    assert len(tickets) == len(rows) + 1
    assert tickets[-1] == incident()
    for ticket in tickets:
        assert "\x00" not in ticket.summary + ticket.number + ticket.group
        assert ticket.sha256()


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001  stored values are naive
def test_every_stored_date_is_read_as_utc(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert incident(resolved_at=f"{moment:%Y}".zfill(4) + f"{moment:-%m-%d %H:%M:%S}").resolved_at == moment.replace(
        tzinfo=UTC
    )


def test_the_standard_words_are_understood() -> None:
    words = Vocabulary.from_json(DEFAULT_VOCABULARY)
    assert words.kinds == {"incident": Kind.INCIDENT, "sc_req_item": Kind.SERVICE_REQUEST}
    assert words.outcome(incident(state="6")) is words.outcome(incident(state="7")) is Outcome.COMPLETED
    assert words.outcome(incident(state="8")) is Outcome.CANCELLED
    assert words.outcome(incident(state="2")) is Outcome.OPEN
    assert words.outcome(incident(state="99")) is None
    assert words.states["sc_req_item"]["3"] is Outcome.COMPLETED
    assert words.states["sc_req_item"]["4"] is words.states["sc_req_item"]["7"] is Outcome.CANCELLED
    assert words.states["sc_req_item"]["-5"] is Outcome.OPEN
    assert [words.priorities[p] for p in "12345"] == list("12345")
