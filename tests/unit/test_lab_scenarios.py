"""Scenarios as data: how a file is read, and what counts as not as expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.lab_lib.trials.scenarios import ScenarioError, failures, read

TEXT = """# what it is about
[up]
worker::reach 10.0.0.1 443::reached::YES
laptop::reach 10.0.0.1 22::reached::NO

[later]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.scenarios"
    path.write_text(TEXT)
    return path


def test_sections_hold_their_scenarios_and_an_empty_one_is_there(file: Path) -> None:
    sections = read(file)
    assert list(sections) == ["up", "later"]
    assert [(one.line, one.host, one.expected) for one in sections["up"]] == [(3, "worker", True), (4, "laptop", False)]
    assert sections["later"] == []


@pytest.mark.parametrize("line", ["worker::true::YES", "worker::true::x::MAYBE", "worker::true::a::b::YES"])
def test_a_line_that_is_no_scenario_is_named_with_its_number(file: Path, line: str) -> None:
    file.write_text(TEXT + line)
    with pytest.raises(ScenarioError, match=r"a\.scenarios, line 7"):
        read(file)


def test_what_must_be_said_and_is_not_is_told_after_three_tries(file: Path) -> None:
    asked: list[str] = []

    def run(host: str, command: str) -> str:
        asked.append(host)
        return "refused"

    assert len(failures(read(file)["up"], run)) == 1
    assert asked.count("worker") == 3
    assert asked.count("laptop") == 1


def test_what_must_not_be_said_fails_at_its_first_sight(file: Path) -> None:
    found = failures(read(file)["up"], lambda _host, _command: "reached")
    assert found == ["line 4: laptop: reach 10.0.0.1 22: reached must not be: 'reached'"]
