"""How the lab compares what it has run with what docs/operations.md tells people to type."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from scripts.lab_lib import commands
from scripts.lab_lib.places import lab
from scripts.lab_lib.trials.catalogue import Entry
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import Machines
from scripts.lab_lib.trials.run import play

PAGE = """# Page

## Upgrade

1. Roll out, then `proforma-install verify-running`; `proforma-install` alone is no command, nor is `release.yml`:

   ```
   ansible-playbook -i INV playbooks/release.yml -e appliance_release=VERSION   # minutes
   ```

```sql
SELECT 1;
```

## What the lab does not play

| command | why |
|---|---|
| `rm /a`, `apt-get update` | because |
"""
RELEASE = "ansible-playbook -i INV playbooks/release.yml -e appliance_release=VERSION"


@pytest.fixture(autouse=True)
def nothing_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ran", [])


def test_commands_are_lines_of_blocks_and_spans_that_begin_with_a_program() -> None:
    assert commands.told(PAGE) == {"Upgrade": [RELEASE, "proforma-install verify-running"]}
    assert commands.left_out(PAGE) == {"rm /a": "because", "apt-get update": "because"}


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("-i inventories/lab/hosts playbooks/release.yml -e appliance_release=1.2.3", True),
        ("-i inventories/lab/hosts playbooks/release.yml -e appliance_release=1.2.3 --skip-tags bake,harden", True),
        ("-i inventories/lab/hosts playbooks/release.yml -e appliance_release=1.2.3 --limit portal", False),
        ("-i inventories/lab/hosts playbooks/release.yml", False),
        ("-i inventories/lab/hosts playbooks/backup.yml -e appliance_release=1.2.3", False),
    ],
)
def test_a_line_was_played_when_all_of_it_was_run_and_no_more(words: str, fits: bool) -> None:
    commands.note("ansible-playbook", *words.split())
    assert commands.unplayed([RELEASE]) == ([] if fits else [RELEASE])


@pytest.mark.parametrize(
    ("line", "ran"),
    [
        ("doctor --out incident.tar.gz", "doctor --out /elsewhere/incident.tar.gz"),
        ("restore -e restore_identity=/media/safe/backup.key", "restore -e restore_identity=/var/lib/lab/backup.key"),
        ("python -m watchdog.revoke PERSON@DOMAIN", "python -m watchdog.revoke eve@provider.example"),
        (
            "rm /etc/proforma/hold-sending; systemctl start proforma-worker",
            "rm /etc/proforma/hold-sending; systemctl start proforma-worker",
        ),
    ],
)
def test_names_in_capitals_and_places_of_safes_are_the_operators_own(line: str, ran: str) -> None:
    commands.note("bash", "-c", ran)
    assert commands.unplayed([line]) == []
    assert commands.unplayed([line.replace("o", "0")]) == [line.replace("o", "0")]


def test_a_trial_fails_when_it_declares_a_command_that_it_did_not_run() -> None:
    def idle(_: Lab) -> Iterable[str]:
        return []

    def busy(_: Lab) -> Iterable[str]:
        commands.note("proforma-backup", "list")
        return []

    files = lab()
    here = Lab(Machines(files.group), files)
    assert play(Entry("x", "", busy, ("proforma-backup list",)).trial(here)).passed
    outcome = play(Entry("y", "", idle, ("proforma-backup list",)).trial(here))
    assert outcome.problems == ["operations.md: not played: proforma-backup list"], "what ran before does not count"
