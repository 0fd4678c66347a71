"""Which tickets of an export would be missing from a month without a word."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sandbox.export_file import read_export
from sandbox.preview import Preview, preview

HEADER = "number,incident_state,priority,short_description,opened_at,resolved_at,closed_at"
GOOD = "INC1,Closed,3,text,2026-10-01 08:00:00,2026-10-02 08:00:00,2026-10-07 08:00:00"


def of_october(tmp_path: Path, *lines: str, zone: str = "Europe/Berlin") -> Preview:
    path = tmp_path / "tickets.csv"
    path.write_text("\n".join([HEADER, GOOD, *lines]))
    return preview(read_export(path), "2026-10", ZoneInfo(zone))


def doubts(seen: Preview) -> list[str]:
    return [str(doubt) for doubt in seen.doubts]


def test_a_file_without_a_doubt_counts_its_months_by_the_contracts_clocks(tmp_path: Path) -> None:
    last_second = "INC2,Closed,3,text,2026-10-01 08:00:00,2026-10-31 23:30:00,"
    assert of_october(tmp_path, last_second).months == {"2026-10": 1, "2026-11": 1}
    assert of_october(tmp_path, last_second, zone="UTC").months == {"2026-10": 2}
    assert doubts(of_october(tmp_path, last_second)) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("INC2,Closed,3,t,2026-10-01 08:00:00,2026-10-32 08:00:00,2026-10-07 08:00:00", "resolved_at is no date-time"),
        ("INC2,Closed,3,t,2026-10-01 08:00:00,10/02/2026 08:00,", "resolved_at is no date-time"),
        ("INC2,Closed,3,t,2026-10-01 08:00:00,,10/07/2026 08:00", "closed_at is no date-time"),
        ("RITM2,Closed Complete,3,t,2026-10-01 08:00:00,,10/07/2026 08:00", "closed_at is no date-time"),
        ("INC2,Closed,3,a,b,2026-10-01 08:00:00,2026-10-02 08:00:00,x", "8 values for 7 columns"),
        ("INC2,Closed,3", "3 values for 7 columns"),
        (",Closed,3,t,2026-10-01 08:00:00,2026-10-02 08:00:00,", "no number (its key comes from the line)"),
    ],
)
def test_what_may_belong_to_the_month_but_would_not_come_is_named(tmp_path: Path, line: str, what: str) -> None:
    assert doubts(of_october(tmp_path, line)) == [f"line 3: {what}"]


@pytest.mark.parametrize(
    "line",
    [
        "INC2,Closed,3,t,2026-11-01 08:00:00,2026-11-32 08:00:00,2026-11-07 08:00:00",  # opened after it
        "INC2,Closed,3,t,2026-09-01 08:00:00,2026-09-32 08:00:00,2026-09-17 08:00:00",  # closed before it
        "INC2,Closed,3,t,2026-10-01 08:00:00,2026-10-02 08:00:00,2026-10-32 08:00:00",  # comes, and stops the month
        "INC2,Closed,,t,2026-10-01 08:00:00,2026-10-02 08:00:00,",  # comes, and stops the month
        "INC2,New,3,t,2026-13-01 08:00:00,,",  # still open
        ",Closed,3,t,2026-08-01 08:00:00,2026-08-02 08:00:00,",
        "INC2,Closed,3,t,2026-10-01 08:00:00,2026-10-02 08:00:00,,,",  # empty cells at the end of a row
    ],
)
def test_a_finding_that_hides_no_ticket_of_the_month_is_no_doubt(tmp_path: Path, line: str) -> None:
    seen = of_october(tmp_path, line)
    assert doubts(seen) == []
    assert len(seen.findings) == 1
