"""What ./scripts/demo looks at before it starts: nothing is half-billed, and no date that is none goes unnoticed."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.preview import Preview
from scripts.demo_checks import StopsHereError, listener, out_checked, tickets_checked
from scripts.demo_options import parse

NOW = datetime(2026, 11, 20, tzinfo=UTC)
HEADER = "number,incident_state,priority,short_description,opened_at,resolved_at,closed_at\n"
GOOD = "INC1,Closed,3,Geheim,2026-10-01 08:00:00,2026-10-02 08:00:00,2026-10-07 08:00:00\n"
NO_DATE = GOOD.replace("10-02", "10-32")
AMERICAN = "INC1,Closed,3,Geheim,10/01/2026 08:00,10/02/2026 08:00,10/07/2026 08:00\n"


def checked(tmp_path: Path, text: str, *arguments: str) -> Preview | None:
    path = tmp_path / "tickets.csv"
    path.write_text(text)
    return tickets_checked(parse(["--tickets", str(path), "--period", "2026-10", *arguments], NOW))


def stopped(tmp_path: Path, text: str, *arguments: str) -> tuple[int, str]:
    with pytest.raises(StopsHereError) as stop:
        checked(tmp_path, text, *arguments)
    return stop.value.code, str(stop.value)


def test_a_date_that_is_none_stops_it_with_line_and_remedy_and_no_text_of_the_ticket(tmp_path: Path) -> None:
    code, text = stopped(tmp_path, HEADER + GOOD + NO_DATE.replace("INC1", "INC2"))
    assert code == 3
    assert "line 3: resolved_at is no date-time" in text
    assert "nothing was billed" in text
    assert "--ignore-findings" in text
    assert "Geheim" not in text


def test_somebody_may_go_on_knowingly(tmp_path: Path) -> None:
    seen = checked(tmp_path, HEADER + GOOD + NO_DATE.replace("INC1", "INC2"), "--ignore-findings")
    assert seen is not None
    assert [str(doubt) for doubt in seen.doubts] == ["line 3: resolved_at is no date-time"]


def test_a_file_whose_dates_are_all_unreadable_is_never_an_empty_month(tmp_path: Path) -> None:
    code, text = stopped(tmp_path, HEADER + AMERICAN)
    assert (code, "line 2: resolved_at is no date-time" in text) == (3, True)
    code, text = stopped(tmp_path, HEADER + AMERICAN, "--ignore-findings")
    assert (code, "written as YYYY-MM-DD HH:MM:SS" in text) == (3, True)


def test_a_file_without_a_ticket_of_the_month_says_which_months_it_holds(tmp_path: Path) -> None:
    code, text = stopped(tmp_path, HEADER + GOOD, "--period", "2026-09")
    assert code == 3
    assert "no ticket of 2026-09 (Europe/Berlin). It holds: 2026-10 (1 tickets)" in text


@pytest.mark.parametrize(("text", "says"), [("hello\n", "'number' is missing"), ("", "no header at all")])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert stopped(tmp_path, text)[0] == 2
    assert says in stopped(tmp_path, text)[1]


def test_a_good_file_and_made_up_tickets_pass(tmp_path: Path) -> None:
    assert checked(tmp_path, HEADER + GOOD) is not None
    assert tickets_checked(parse([], NOW)) is None


def test_a_directory_for_the_documents_is_made(tmp_path: Path) -> None:
    out_checked(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(("below", "says"), [("", "it is a file"), ("x", "Not a directory")])
def test_a_place_that_cannot_take_documents_is_refused(tmp_path: Path, below: str, says: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StopsHereError, match=rf"{says}. Name a directory .* --out DIR") as stop:
        out_checked(tmp_path / "file" / below)
    assert stop.value.code == 2


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StopsHereError, match=rf"Port {port} cannot be used: .* --port N") as stop:
            listener(port)
    assert stop.value.code == 2
