"""Money, periods and states."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import InputError, StateError
from portal.domain.money import line_net, money, tax_on
from portal.domain.periods import Period, Window
from portal.domain.states import MOVES, Move, State, after
from portal.domain.tickets import Vocabulary


@pytest.mark.parametrize(
    ("amount", "cents"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1", "1.00")]
)
def test_money_rounds_half_away_from_zero(amount: str, cents: str) -> None:
    assert money(Decimal(amount)) == Decimal(cents)


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        money(0.1)  # type: ignore[arg-type]


def test_tax_is_rounded_once() -> None:
    assert tax_on(Decimal("0.03"), Decimal("19")) == Decimal("0.01")
    assert line_net(Decimal("0.333"), Decimal("10.00")) == Decimal("3.33")


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-03", "2026-3", "March", "2026-03-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="YYYY-MM"):
        Period.parse(text)


def test_a_month_in_berlin_begins_and_ends_by_its_own_clocks() -> None:
    window = Period.parse("2026-03").window(ZoneInfo("Europe/Berlin"))
    assert window.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert window.end == datetime(2026, 3, 31, 22, tzinfo=UTC)  # summer time has begun meanwhile
    assert window.start in window
    assert window.end not in window


@given(st.integers(2000, 2100), st.integers(1, 12))
def test_months_adjoin_without_gap(year: int, month: int) -> None:
    period, zone = Period(year, month), ZoneInfo("Europe/Berlin")
    assert period.next().previous() == period
    assert period.window(zone).end == period.next().window(zone).start


@given(st.integers(1, 40), st.integers(1, 10_000))
def test_slices_cover_the_window_exactly(count: int, seconds: int) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    window = Window(start, start + timedelta(seconds=seconds))
    parts = window.slices(count)
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(a.end == b.start for a, b in itertools.pairwise(parts))
    assert all(part.start < part.end for part in parts)


def test_every_state_but_the_last_leads_on_and_issued_is_final() -> None:
    assert {state for state, _ in MOVES} == set(State) - {State.ISSUED}
    for move in Move:
        with pytest.raises(StateError, match="final"):
            after(State.ISSUED, move)


def test_a_mapping_to_a_priority_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="urgent"):
        Vocabulary.from_json({"priorities": {"1": "urgent"}})
