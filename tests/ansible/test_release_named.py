"""In AWS a rollout says which release is current, so that instances that come later boot the same one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.support.event_queue import ENVIRONMENT, moto_running

ROOT = Path(__file__).resolve().parents[2]
POINTER = "/proforma/portal/release"
PLAY = [{
    "hosts": "portal",
    "gather_facts": False,
    "tasks": [{
        "ansible.builtin.import_role": {"name": "release", "tasks_from": "name"},
        "vars": {"release_current_version": "{{ appliance_release }}"},
    }],
}]  # fmt: skip

pytestmark = pytest.mark.slow


def named(tmp_path: Path, endpoint: str, version: str, pointer: str = POINTER) -> str:
    """The recap of a play on two hosts that nobody could reach: what is asked of AWS is asked from here."""
    hosts = {name: {"ansible_host": "192.0.2.1", "ansible_timeout": 2} for name in ("one", "other")}
    given = {"release_pointer_parameter": pointer, "appliance_release": version}
    (tmp_path / "inventory.json").write_text(json.dumps({"portal": {"hosts": hosts, "vars": given}}))
    (tmp_path / "play.json").write_text(json.dumps(PLAY))
    program = str(Path(sys.executable).parent / "ansible-playbook")
    known = os.environ | ENVIRONMENT | {"AWS_ENDPOINT_URL": endpoint, "ANSIBLE_NOCOLOR": "1"}
    known |= {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")}
    command = [program, "--inventory", str(tmp_path / "inventory.json"), str(tmp_path / "play.json")]
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.partition("PLAY RECAP")[2].split())


def test_the_parameter_names_the_release_once_and_again_without_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with moto_running() as endpoint:
        ssm = boto3.client("ssm", endpoint_url=endpoint)
        ssm.put_parameter(Name=POINTER, Value="none", Type="String")
        assert "changed=1" in named(tmp_path, endpoint, "1.4.0")
        assert ssm.get_parameter(Name=POINTER)["Parameter"]["Value"] == "1.4.0"
        assert "changed=1" not in named(tmp_path, endpoint, "1.4.0")
        named(tmp_path, endpoint, "1.3.0", pointer="")
        assert ssm.get_parameter(Name=POINTER)["Parameter"]["Value"] == "1.4.0"
