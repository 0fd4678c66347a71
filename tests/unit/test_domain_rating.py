"""Boxing and composing as pure rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import composing
from portal.domain.completeness import Account, box_counts, findings
from portal.domain.periods import Period
from portal.domain.rating import Box, Boxed, Decision, Rate, Rules, box_all, rate_for
from portal.domain.tickets import Kind, Outcome, Ticket, Vocabulary

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
VOCABULARY = Vocabulary(
    kinds={"incident": Kind.INCIDENT, "sc_req_item": Kind.SERVICE_REQUEST},
    priorities={str(n): str(n) for n in range(1, 6)},
    states={
        "incident": {"7": Outcome.COMPLETED, "8": Outcome.CANCELLED, "2": Outcome.OPEN},
        "sc_req_item": {"3": Outcome.COMPLETED},
    },
)
YEAR = date(2026, 1, 1)
RATES = (
    Rate(1, Kind.INCIDENT, "1", Decimal("120.00"), "Incident P1", YEAR),
    Rate(2, Kind.INCIDENT, "*", Decimal("30.00"), "Incident", YEAR),
    Rate(3, Kind.SERVICE_REQUEST, "3", Decimal("18.00"), "Request", YEAR, date(2026, 3, 16)),
    Rate(4, Kind.SERVICE_REQUEST, "3", Decimal("19.00"), "Request", date(2026, 3, 16)),
)


def ticket(number: str = "INC1", **changes: Any) -> Ticket:
    values: dict[str, Any] = {
        "source_key": f"key-{number}",
        "number": number,
        "kind": "incident",
        "priority": "3",
        "state": "7",
        "opened_at": MARCH,
        "resolved_at": MARCH,
        "closed_at": MARCH,
    }
    return Ticket(**(values | changes))


def rules(**changes: Any) -> Rules:
    values: dict[str, Any] = {"zone": BERLIN, "vocabulary": VOCABULARY, "rates": RATES, "test_marker": "[TEST]"}
    return Rules(**(values | changes))


def only(found: Ticket, **changes: Any) -> Boxed:
    boxing = box_all([found], rules(**changes))
    assert boxing.problems == ()
    return boxing.boxed[0]


def problem(*found: Ticket, **changes: Any) -> str:
    boxing = box_all(found, rules(**changes))
    return boxing.problems[0].code


def test_a_completed_incident_with_a_rate_is_billed() -> None:
    boxed = only(ticket())
    assert (boxed.box, boxed.amount) == (Box.BILLED, Decimal("30.00"))


def test_the_rate_of_the_priority_comes_before_the_rate_of_any() -> None:
    assert only(ticket(priority="1")).amount == Decimal("120.00")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"resolved_at": None}, "no_resolution_date"),
        ({"state": "8"}, "cancelled"),
        ({"state": "8", "resolved_at": None, "priority": "?"}, "cancelled"),
        ({"state": "2"}, "not_completed"),
        ({"summary": "please ignore [test]"}, "test_ticket"),
    ],
)
def test_what_is_not_billed_is_excluded_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    boxed = only(ticket(**changes))
    assert (boxed.box, boxed.reason, boxed.amount) == (Box.EXCLUDED, reason, Decimal("0.00"))


def test_a_ticket_that_was_billed_before_is_not_billed_again() -> None:
    boxed = only(ticket(), billed_before={"key-INC1": "PF-2026-000001"})
    assert (boxed.reason, boxed.detail) == ("already_billed", "PF-2026-000001")


def test_a_day_outside_of_the_contract_is_not_billed() -> None:
    span = {"valid_from": date(2026, 3, 10), "valid_to": date(2026, 3, 12)}
    days = [ticket(resolved_at=datetime(2026, 3, day, 12, tzinfo=UTC)) for day in (9, 10, 11, 12)]
    assert [only(t, **span).reason for t in days] == ["outside_contract", "", "", "outside_contract"]


def test_a_request_counts_by_the_day_it_was_closed_in_the_contract_zone() -> None:
    late = datetime(2026, 3, 15, 22, 59, tzinfo=UTC)
    before = ticket(kind="sc_req_item", state="3", resolved_at=None, closed_at=late)
    after = ticket(kind="sc_req_item", state="3", resolved_at=None, closed_at=late + timedelta(minutes=1))
    assert (only(before).amount, only(after).amount) == (Decimal("18.00"), Decimal("19.00"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"priority": ""}, "ticket.priority_unknown"),
        ({"priority": "urgent"}, "ticket.priority_unknown"),
        ({"kind": "problem"}, "ticket.kind_unknown"),
        ({"state": "99"}, "ticket.state_unknown"),
        ({"problems": ("resolved_at: '2026-02-30' is no date",)}, "ticket.unreadable"),
        ({"kind": "sc_req_item", "state": "3", "priority": "1"}, "ticket.no_rate"),
        ({"resolved_at": datetime(2025, 12, 31, 22, tzinfo=UTC)}, "ticket.no_rate"),
    ],
)
def test_what_nobody_decided_blocks(changes: dict[str, Any], code: str) -> None:
    assert problem(ticket(**changes)) == code


def test_two_tickets_with_one_number_block_until_one_is_set_aside() -> None:
    twins = [ticket(source_key="a"), ticket(source_key="b")]
    assert problem(*twins) == "ticket.number_twice"
    decided = {"b": Decision(Box.EXCLUDED, "entered twice", "petra")}
    boxing = box_all(twins, rules(decisions=decided))
    assert boxing.problems == ()
    assert {(b.ticket.source_key, b.box.value, b.by) for b in boxing.boxed} == {
        ("a", "billed", ""),
        ("b", "excluded", "petra"),
    }


def test_a_person_can_set_an_unreadable_ticket_aside() -> None:
    boxed = only(
        ticket(problems=("closed_at: 'x' is no date",), priority=""),
        decisions={"key-INC1": Decision(Box.CARRIED_OVER, "date is being mended", "petra")},
    )
    assert (boxed.box, boxed.by, boxed.detail) == (Box.CARRIED_OVER, "petra", "date is being mended")


tickets = st.lists(
    st.builds(
        ticket,
        number=st.text("0123456789", min_size=1, max_size=2),
        source_key=st.uuids().map(str),
        priority=st.sampled_from(["1", "2", "", "9"]),
        state=st.sampled_from(["7", "8", "2", "?"]),
        resolved_at=st.sampled_from([MARCH, None]),
    ),
    max_size=30,
)


@given(tickets)
def test_every_ticket_is_in_one_box_or_is_a_problem(found: list[Ticket]) -> None:
    boxing = box_all(found, rules())
    assert len(boxing.boxed) + len(boxing.problems) == len(found)


@given(tickets, st.decimals(0, 100, places=2))
def test_counts_and_money_add_up(found: list[Ticket], vat: Decimal) -> None:
    boxing = box_all(found, rules())
    lines = composing.compose(Period(2026, 3), [], boxing.boxed)
    result = composing.totals((line.net for line in lines), vat)
    rated = sum((b.amount for b in boxing.boxed), Decimal("0.00"))
    counts = box_counts((b.box, b.reason) for b in boxing.boxed)
    account = Account(len(boxing.boxed), 0, counts, rated, Decimal("0.00"), result.net)
    assert findings(account) == ()
    assert sum(line.quantity for line in lines) == account.count(Box.BILLED)
    assert result.gross == result.net + result.tax


def test_a_missing_ticket_or_cent_is_found() -> None:
    whole = Account(2, 1, (("billed", "", 3),), Decimal("3.00"), Decimal("-1.00"), Decimal("2.00"))
    assert findings(whole) == ()
    lacking = Account(3, 1, (("billed", "", 3),), Decimal("3.00"), Decimal("0.00"), Decimal("2.00"))
    assert {p.code for p in findings(lacking)} == {"complete.count", "complete.money"}


def test_a_price_that_changes_in_mid_month_makes_two_lines() -> None:
    days = (14, 16, 17)
    found = [
        ticket(f"R{day}", kind="sc_req_item", state="3", closed_at=datetime(2026, 3, day, 12, tzinfo=UTC))
        for day in days
    ]
    lines = composing.compose(Period(2026, 3), [], box_all(found, rules()).boxed)
    assert [(line.quantity, line.net) for line in lines] == [
        (Decimal(1), Decimal("18.00")),
        (Decimal(2), Decimal("38.00")),
    ]


def test_a_fixed_line_counts_for_whole_months_only() -> None:
    line = composing.FixedLine(1, "Base", Decimal(1), "month", Decimal("10.00"), date(2026, 3, 1), date(2026, 5, 1))
    months = [Period(2026, m) for m in (2, 3, 4, 5)]
    assert [line.covers(month) for month in months] == [False, True, True, False]


def test_no_rate_outside_its_validity() -> None:
    assert rate_for(RATES, Kind.SERVICE_REQUEST, "3", date(2025, 12, 31)) is None
