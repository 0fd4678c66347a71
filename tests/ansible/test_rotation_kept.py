"""A new revocation list is in the controller's folder too: from there the role brings lists to the hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TASKS = ROOT / "ansible/playbooks/tasks/rotate_controller.yml"

pytestmark = pytest.mark.slow


def rotated(tmp_path: Path, **given: str) -> None:
    """On two VPN hosts that nobody could reach."""
    hosts = {name: {"ansible_host": "192.0.2.1", "ansible_timeout": 2} for name in ("one", "other")}
    (tmp_path / "inventory.json").write_text(json.dumps({"vpn": {"hosts": hosts, "vars": given}}))
    play = [{"hosts": "vpn", "gather_facts": False, "tasks": [{"ansible.builtin.include_tasks": str(TASKS)}]}]
    (tmp_path / "play.json").write_text(json.dumps(play))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--inventory", str(tmp_path / "inventory.json")]
    command += [str(tmp_path / "play.json"), "-e", f"rotate_from={tmp_path}/new"]
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")}
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_list_replaces_that_of_its_name_and_nothing_else(tmp_path: Path) -> None:
    for name, text in {"trust/x509crl/staff.pem": "old", "trust/x509crl/provider.pem": "kept"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "new/crl").mkdir(parents=True)
    (tmp_path / "new/crl/staff.pem").write_text("new")
    rotated(tmp_path, strongswan_gateway_trust=str(tmp_path / "trust"))
    found = {
        str(path.relative_to(tmp_path / "trust")): path.read_text() for path in (tmp_path / "trust").rglob("*.pem")
    }
    assert found == {"x509crl/staff.pem": "new", "x509crl/provider.pem": "kept"}


def test_without_a_folder_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "new/crl").mkdir(parents=True)
    (tmp_path / "new/crl/staff.pem").write_text("new")
    before = sorted(ROOT.glob("x509*"))
    rotated(tmp_path)
    assert sorted(ROOT.glob("x509*")) == before
