"""What a host in AWS fetches is named before it is needed: the role refuses, so that no service fails later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = {"database_url": "d", "secret_key": "s", "pseudonym_key": "p", "migration_database_url": "m"}
NAMED |= {"backup_database_url": "b"}
PLAY = [{
    "hosts": "localhost",
    "connection": "local",
    "gather_facts": False,
    "tasks": [{"ansible.builtin.import_role": {"name": "release", "tasks_from": "secrets"}}],
}]  # fmt: skip

pytestmark = pytest.mark.slow


def said(tmp_path: Path, **variables: Any) -> tuple[int, str]:
    """The exit code and all that the role says about these secrets; it only looks, and writes nothing."""
    given = {"release_secrets_from": "aws", "ansible_python_interpreter": sys.executable} | variables
    (tmp_path / "inventory.json").write_text(json.dumps({"worker": {"hosts": {"localhost": given}}}))
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "--check", "--inventory", str(tmp_path / "inventory.json"), str(tmp_path / "play.json")]
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=180)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_secret_without_a_name_is_refused_and_said(tmp_path: Path) -> None:
    code, text = said(tmp_path, release_cloud_secrets={"secret_key": "s", "database_url": "d"})
    assert code != 0
    assert "does not name pseudonym_key, migration_database_url, backup_database_url" in text


def test_credentials_that_nobody_could_open_are_refused(tmp_path: Path) -> None:
    code, text = said(tmp_path, release_cloud_secrets=NAMED, release_sealing_public_key="key")
    assert code != 0
    assert "give sealing_private_key in release_cloud_secrets" in text


def test_a_worker_without_sealed_credentials_needs_no_key_for_them(tmp_path: Path) -> None:
    code, text = said(tmp_path, release_cloud_secrets=NAMED)
    assert code == 0, text
    assert "also when there is none] *" in text
