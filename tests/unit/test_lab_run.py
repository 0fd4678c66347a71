"""How the lab's trials are chosen, judged and recorded."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.machines import TrialError
from scripts.lab_lib.trials.run import Report, Trial, chosen, play, run


def good(report: Report) -> list[str]:
    report(Figure("rekey_lost", 0))
    return []


def bad(report: Report) -> list[str]:
    raise TrialError("the tunnel is down")


def slow(report: Report) -> list[str]:
    report(Figure("vpn_host_killed", 60))
    return []


def broken(report: Report) -> list[str]:
    raise ZeroDivisionError


TRIALS = [Trial("vpn-up", "a", good), Trial("vpn-down", "b", bad), Trial("month", "c", good)]


def test_patterns_choose_and_an_unknown_one_is_an_error() -> None:
    assert [one.name for one in chosen(TRIALS, ["vpn-*"])] == ["vpn-up", "vpn-down"]
    assert chosen(TRIALS, []) == TRIALS
    with pytest.raises(KeyError):
        chosen(TRIALS, ["month", "moth"])


def test_a_trial_fails_by_its_word_by_a_missed_figure_and_by_a_fault_of_its_own() -> None:
    assert play(Trial("x", "", good)).passed
    assert play(Trial("x", "", bad)).problems == ["the tunnel is down"]
    assert "promised at most 5" in play(Trial("x", "", slow)).problems[0]
    assert "ZeroDivisionError" in play(Trial("x", "", broken)).problems[0]


def test_one_failure_fails_the_run_and_the_file_says_all(tmp_path: Path) -> None:
    console, results = Console(file=io.StringIO(), width=200), tmp_path / "results.json"
    assert run(TRIALS, console, results, [Figure("lab_up", 60)]) == 1
    assert run(TRIALS[:1], console, results, [Figure("lab_up", 60)]) == 0
    assert run(TRIALS[:1], console, results, [Figure("lab_up", 300)]) == 1
    written = json.loads(results.read_text())
    assert [one["name"] for one in written["figures"]] == ["lab_up", "rekey_lost"]
    assert written["trials"][0]["passed"] is True
