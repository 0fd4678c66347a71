"""docs/operations.md: each procedure names the lab's trials that play it; each command is played or says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scripts.lab_lib import commands
from scripts.lab_lib.trials.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text()
TRIALS = {entry.name: entry.plays for entry in CATALOGUE}
UP = "up"
"""not a trial: what every run of the lab begins with"""


def procedures() -> Iterator[tuple[str, str]]:
    for part in PAGE.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        if heading != commands.LEFT_OUT:
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
    assert names <= {*TRIALS, UP}


def test_every_trial_that_plays_a_procedure_is_named_by_one() -> None:
    named = set().union(*(played(text) for _, text in procedures()))
    assert {name for name, plays in TRIALS.items() if plays} == named - {UP}


@pytest.mark.parametrize(("heading", "lines"), list(commands.told().items()))
def test_a_command_is_played_by_a_trial_of_its_procedure_or_says_why_not(heading: str, lines: list[str]) -> None:
    names, reasons = played(dict(procedures())[heading]), commands.left_out()
    plays = {line for name in names for line in ((*commands.BY_UP,) if name == UP else TRIALS[name])}
    missing = [line for line in lines if line not in plays and not any(line.startswith(one) for one in reasons)]
    assert missing == [], "neither declared by a trial that the heading names, nor in the list of those that are not"
    assert [line for line in lines if line in plays and any(line.startswith(one) for one in reasons)] == []


def test_what_trials_declare_stands_on_the_page_and_what_is_left_out_too() -> None:
    told = {line for lines in commands.told().values() for line in lines}
    declared = {line for plays in TRIALS.values() for line in plays} | set(commands.BY_UP)
    assert declared - told == set()
    assert [one for one in commands.left_out() if not any(line.startswith(one) for line in told)] == []
    assert len(told) > 30, "commands are still found on the page"


def test_roles_of_the_database_are_made_as_in_the_lab() -> None:
    """By the one file, which asks for what the page sets."""
    (block,) = re.findall(r"^ *```sql\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
    (file,) = re.findall(r"\\i (\S+)", block)
    assert file.endswith("/roles.sql")
    assert "roles.sql" in (ROOT / "scripts/lab_lib/houses.py").read_text()
    asked = set(re.findall(r":'(\w+)'", (ROOT / file).read_text()))
    assert set(re.findall(r"\\set (\w+) ", block)) >= {"owner", "app", "backup"}
    assert set(re.findall(r"\\set (\w+) ", block)) <= asked


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
