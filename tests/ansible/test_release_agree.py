"""Before a rollback moves any host, all of them name the same release."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "any_errors_fatal": True,
        "environment": {"PATH": "{{ programs }}:/usr/bin:/bin", "RELEASES": "{{ releases | to_json }}"},
        "tasks": [
            {"name": "They agree", "ansible.builtin.import_role": {"name": "release", "tasks_from": "agree"}},
            {"name": "Told", "ansible.builtin.debug": {"msg": "goes to {{ release_target }}"}},
        ],
    }
]

pytestmark = pytest.mark.slow


def releases(*marked: str) -> dict[str, object]:
    """As `proforma-install list --json` has it, of "1.0.0 current"."""
    rows = [dict(zip(("version", "mark"), f"{one} ".split(" "), strict=False)) for one in marked]
    return {"releases": rows, "minimum": "", "unfinished": None}


SAME = releases("0.9.0 previous", "1.0.0 current")
TAKEN_BACK = releases("0.9.0", "1.0.0 current", "1.1.0")


@pytest.mark.parametrize(
    ("portal", "worker", "named", "says"),
    [
        (SAME, SAME, "", "goes to 0.9.0"),
        (TAKEN_BACK, SAME, "", 'Hosts do not agree on the release before: {"portal": "none", "worker": "0.9.0"}'),
        (TAKEN_BACK, SAME, "0.9.0", "goes to 0.9.0"),
        (
            TAKEN_BACK,
            SAME,
            "1.1.0",
            "1.1.0 is not installed on this host. Nothing was changed. Installed: 0.9.0, 1.0.0.",
        ),
        (TAKEN_BACK, TAKEN_BACK, "", "There is no release before this one"),
    ],
)
def test_all_hosts_go_to_the_same_release_or_none_moves(
    portal: dict[str, object], worker: dict[str, object], named: str, says: str, tmp_path: Path
) -> None:
    program = tmp_path / "proforma-install"
    program.write_text('#!/bin/sh\necho "$RELEASES"\n')
    program.chmod(0o755)
    hosts = {"portal": {"releases": portal}, "worker": {"releases": worker}}
    own = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "programs": str(tmp_path)}
    own |= {"appliance_release": named} if named else {}
    (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": own}}))
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--inventory", str(tmp_path / "inventory.json")]
    done = subprocess.run(
        [*command, str(tmp_path / "play.json")], env=known, capture_output=True, text=True, check=False, timeout=120
    )
    said = done.stdout.replace('\\"', '"')
    assert says in said
    assert (done.returncode == 0) is says.startswith("goes to"), said
