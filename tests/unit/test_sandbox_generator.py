"""The generated month: the same for the same seed, exact at its edges, dirty on purpose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.config import ConfigError
from sandbox.generator import Month, make_month
from sandbox.office_hours import MonthWindow, stored

BERLIN = ZoneInfo("Europe/Berlin")
Row = dict[str, str]


def month(period: str = "2026-03", **values: object) -> Month:
    settings: dict[str, object] = {"seed": 1, "count": 580, "zone": BERLIN, "period": period, **values}
    return make_month(**settings)  # type: ignore[arg-type]


def in_month(rows: list[Row], period: str = "2026-03", zone: ZoneInfo = BERLIN) -> list[Row]:
    """What a billing run would take, found independently: incidents by resolved_at (or closed without), requests by
    closed_at."""
    window = MonthWindow.parse(period, zone)
    start, end = stored(window.start), stored(window.end)
    billed_by: Callable[[Row], str] = lambda r: r.get("resolved_at") or r["closed_at"]  # noqa: E731
    return [row for row in rows if start <= billed_by(row) < end]


def test_the_same_seed_makes_the_same_month_and_another_seed_another() -> None:
    assert month().rows == month().rows
    assert month().rows != month(seed=2).rows


@pytest.mark.parametrize(("count", "zone"), [(60, "UTC"), (580, "Europe/Berlin"), (2000, "America/New_York")])
def test_exactly_the_asked_number_of_tickets_belongs_to_the_month(count: int, zone: str) -> None:
    rows = in_month(month(count=count, zone=ZoneInfo(zone)).rows, zone=ZoneInfo(zone))
    assert len(rows) == count


def test_the_notes_say_what_is_in_it() -> None:
    made = month()
    kinds = Counter(row["sys_class_name"] for row in in_month(made.rows))
    assert (made.notes["incidents_in_month"], made.notes["requests_in_month"]) == ("420", "160")
    assert kinds == {"incident": 420, "sc_req_item": 160}
    assert made.notes["no_resolution_date"] == "3"
    assert sum("[TEST]" in row["short_description"] for row in made.rows) == int(made.notes["test"])


@pytest.mark.parametrize("field", ["resolved_at", "closed_at"])
def test_there_are_tickets_at_both_edges_and_a_second_outside(field: str) -> None:
    table = "incident" if field == "resolved_at" else "sc_req_item"
    moments = {row.get(field, "") for row in month().rows if row["sys_class_name"] == table}
    assert {"2026-02-28 22:59:59", "2026-02-28 23:00:00", "2026-03-31 21:59:59", "2026-03-31 22:00:00"} <= moments


def test_nothing_blocks_a_month_end_unless_it_is_asked_for() -> None:
    rows = month().rows
    assert {row["priority"] for row in rows} <= set("1234")
    assert max(Counter(row["number"] for row in rows).values()) == 1
    assert all(
        readable(row[name]) for row in rows for name in ("opened_at", "resolved_at", "closed_at") if row.get(name)
    )


def test_blocking_dirt_is_there_when_it_is_asked_for() -> None:
    rows = in_month(month(dirty_blocking=True).rows)
    numbers = Counter(row["number"] for row in rows)
    assert {row["priority"] for row in rows} == {"1", "2", "3", "4", "", "9"}
    assert [n for n in numbers.values() if n > 1] == [2]
    assert len({row["sys_id"] for row in rows}) == len(rows)
    assert sum(not readable(row["resolved_at"]) for row in rows if row.get("resolved_at")) == 1


def test_thirty_february_is_used_where_the_window_holds_it() -> None:
    assert any(row.get("resolved_at") == "2026-02-30 10:00:00" for row in month(dirty_blocking=True).rows)


def test_every_ticket_is_opened_before_it_ends_and_closed_after_it_is_resolved() -> None:
    for row in month(count=1000).rows:
        ends = [row[name] for name in ("resolved_at", "closed_at") if row.get(name)]
        assert [row["opened_at"], *ends] == sorted([row["opened_at"], *ends])


def test_two_months_share_no_number() -> None:
    march, april = ({row["number"] for row in month(p, count=10_000).rows} for p in ("2026-03", "2026-04"))
    assert not march & april


def test_texts_hold_umlauts_accents_and_what_breaks_spreadsheets() -> None:
    rows = month().rows
    text = " ".join(row["short_description"] + row.get("caller_id", "") for row in rows)
    assert {"ä", "Ü", "Ł", "é", "ß"} & set(text) >= {"ä", "Ł", "é"}
    assert any(row["short_description"].startswith("=") for row in rows)
    assert max(len(row["short_description"]) for row in rows) > 150


@pytest.mark.parametrize("period", ["2026-13", "March", "2026-3"])
def test_what_is_no_month_is_refused(period: str) -> None:
    with pytest.raises(ConfigError, match="is no month"):
        month(period)


def test_without_a_period_it_is_the_month_that_ended_last() -> None:
    window = MonthWindow.parse("", BERLIN)
    now = datetime.now(UTC)
    assert window.end <= now
    assert (now - window.end).days <= 31


def readable(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True
