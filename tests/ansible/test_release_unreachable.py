"""A host that is lost in the middle of a rollout does not end it: those that had moved go back."""

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
        "hosts": "lost",
        "gather_facts": False,
        "serial": 1,
        "tasks": [{"ansible.builtin.import_role": {"name": "release", "tasks_from": "move"}}],
    },
    {
        "hosts": "here",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "heard of it: {{ hostvars['lost'].release_failure }}"}}],
    },
]

pytestmark = pytest.mark.slow


def test_what_comes_after_hears_of_the_host_that_was_lost(tmp_path: Path) -> None:
    lost = {"ansible_host": "192.0.2.1", "ansible_timeout": 1, "ansible_ssh_retries": 0}
    given = {"hosts": {"lost": lost, "here": {"ansible_connection": "local"}}}
    given |= {"vars": {"appliance_release": "1.4.0", "release_before": "1.3.0"}}
    (tmp_path / "inventory.json").write_text(json.dumps({"all": given}))
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "--inventory", str(tmp_path / "inventory.json"), str(tmp_path / "play.json")]
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=180)
    said = " ".join(done.stdout.split())
    assert "heard of it: It could not be reached in the middle of the rollout" in said, said
