"""What ./scripts/demo refuses before anything starts, and what it takes for granted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.domain.periods import Period
from scripts.demo_options import Options, parse

NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
"""already April in Berlin, still March in London"""


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        parse(arguments, NOW)
    assert end.value.code == 2
    return capsys.readouterr().err


def test_the_month_is_the_one_that_ended_last_by_the_contracts_clocks() -> None:
    assert parse([], NOW).period == Period(2026, 3)
    assert parse(["--timezone", "Europe/London"], NOW).period == Period(2026, 2)


def test_a_month_that_has_not_ended_is_refused_with_the_last_that_has(capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(capsys, "--period", "2026-04")
    assert "2026-04 has not ended in Europe/Berlin. The last month that has is 2026-03." in message


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--period", "2026-13"], "is no month"),
        (["--timezone", "Berlin"], "is no time zone"),
        (["--tickets", "nowhere.csv"], "there is no file 'nowhere.csv'"),
        (["--mapping", __file__], "--mapping is about --tickets FILE; give both"),
        (["--ignore-findings"], "--ignore-findings is about --tickets FILE; give both"),
        (["--port", "99999"], "a number up to 65535"),
        (["--port", "-1"], "a number up to 65535"),
        (["--tickets-count", "0"], "a number from 60"),
        (["--tickets-count", "1000001"], "to 1000000"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(capsys, *arguments)


def test_paths_are_as_the_caller_sees_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tickets.csv").touch()
    monkeypatch.chdir(tmp_path)
    options = parse(["--tickets", "tickets.csv", "--out", "month"], NOW)
    assert (options.tickets, options.out) == (tmp_path / "tickets.csv", tmp_path / "month")


def test_the_sandbox_is_told_of_the_export_or_of_the_seed() -> None:
    made_up: Options = parse(["--seed", "7", "--tickets-count", "90"], NOW)
    assert made_up.sandbox_arguments()[4:] == ["--seed", "7", "--tickets-count", "90"]
    exported = parse(["--tickets", __file__, "--mapping", __file__], NOW)
    assert exported.sandbox_arguments()[4:] == ["--tickets", __file__, "--mapping", __file__]
