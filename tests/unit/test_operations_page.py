"""docs/operations.md: each procedure names the lab's trials that play it, and what it names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scripts.lab_lib.trials.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
TRIALS = {entry.name for entry in CATALOGUE}
UP = "up"
"""not a trial: what every run of the lab begins with"""


def procedures() -> Iterator[tuple[str, str]]:
    for part in PAGE.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        yield heading, text


def played(text: str) -> set[str]:
    return {
        name
        for line in re.findall(r"^\*Played by the lab: (.*)\*$", text, re.M)
        for name in re.findall("`([^`]+)`", line)
    }


@pytest.mark.parametrize(("heading", "text"), list(procedures()))
def test_a_procedure_names_trials_that_there_are(heading: str, text: str) -> None:
    names = played(text)
    assert names, f"{heading}: no line '*Played by the lab: ...*'"
    assert names <= TRIALS | {UP}


def test_every_trial_that_plays_a_procedure_is_named_by_one() -> None:
    named = set().union(*(played(text) for _, text in procedures()))
    assert {entry.name for entry in CATALOGUE if entry.procedure} == named - {UP}


def test_playbooks_and_commands_of_the_page_are_there() -> None:
    for name in set(re.findall(r"playbooks/([a-z_]+)\.yml", PAGE)):
        assert (ROOT / f"ansible/playbooks/{name}.yml").exists(), name
    for name in set(re.findall(r"\./scripts/([a-z_]+)", PAGE)):
        assert (ROOT / f"scripts/{name}").exists(), name


def test_the_headings_of_a_procedure_and_the_trials_agree() -> None:
    expected = {"A new customer": "new-customer", "Upgrade": "upgrade", "Failover": "takeover", "Restore": "restore"}
    found = dict(procedures())
    assert {heading for heading, name in expected.items() if name not in played(found[heading])} == set()


def test_a_restore_asks_who_wrote_the_backup_and_whether_it_may_be_restored_before_anything_stops() -> None:
    plays = yaml.safe_load((ROOT / "ansible/playbooks/restore.yml").read_text())
    included = [
        task.get("ansible.builtin.include_tasks", {}).get("file", "") for play in plays for task in play["tasks"]
    ]
    order = [included.index(f"tasks/{name}.yml") for name in ("restore_origin", "services_stop", "restore")]
    assert order == sorted(order)
    first = yaml.safe_load((ROOT / "ansible/playbooks/tasks/restore_origin.yml").read_text())
    assert "--identity" not in str(first)
    (check,) = [task["ansible.builtin.command"]["argv"] for task in first if "ansible.builtin.command" in task]
    assert "'--check', '--target'" in check
    assert "(['--replace'] if restore_replace | default(false) | bool else [])" in check


def test_after_a_restore_nothing_is_sent_before_people_have_compared() -> None:
    lifted, listed, _ = yaml.safe_load((ROOT / "ansible/playbooks/tasks/services_start.yml").read_text())
    assert "(['hold-sending'] if restore_send | default(false) | bool else [])" in lifted["loop"]
    always, chosen = str(listed["ansible.builtin.command"]), str(listed["vars"]["services_that_send"])
    assert not [unit for unit in ("worker", "beat", "events") if unit in always]
    assert "if restore_send | default(false) | bool else []" in chosen
    assert "restore_send=true" in dict(procedures())["Restore"]
