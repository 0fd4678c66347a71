"""The role base refuses to lock out the account that Ansible signs in as."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLGA = {"name": "olga", "keys": ["ssh-ed25519 AAAA"]}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("signs_in", "operators", "passes"),
    [
        ({"ansible_user": "olga"}, [{**OLGA, "automation": True}], True),
        ({"ansible_user": "root"}, [], True),
        ({"ansible_user": "olga", "ansible_connection": "entered"}, [], True),
        ({"ansible_user": "olga"}, [], False),
        ({"ansible_user": "olga"}, [OLGA], False),
        ({"ansible_user": "olga"}, [{**OLGA, "automation": False}], False),
    ],
)
def test_who_signs_in_is_not_locked_out(
    signs_in: dict[str, str], operators: list[dict[str, Any]], passes: bool, tmp_path: Path
) -> None:
    tasks = ROOT / "ansible/roles/base/tasks/signing_in.yml"
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.import_tasks": str(tasks)}]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    hosts = {"all": {"hosts": {"vpn1": {**signs_in, "base_operators": operators}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.json", "play.yml"]
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is passes, done.stdout
    assert passes or "would be locked out" in done.stdout
