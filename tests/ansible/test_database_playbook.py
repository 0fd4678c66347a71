"""playbooks/database.yml: what Secrets Manager holds reaches the standard input of the program, and nothing says it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.event_queue import ENVIRONMENT, moto_running

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "/usr/local/sbin/proforma-database-roles"
SECRETS = {
    "migration": "postgres://o:sesame@h/d",
    "app": "postgres://a:sesame@h/d",
    "backup": "postgres://b:sesame@h/d",
}
MASTER = {"username": "proforma_master", "password": "sesame:\"{{ '"}

pytestmark = pytest.mark.slow


def played(place: Path, play: str, *options: str, **variables: Any) -> tuple[int, str]:
    given = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    (place / "inventory.json").write_text(json.dumps({"portal": {"hosts": {"localhost": given | variables}}}))
    (place / "play.yml").write_text(play)
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "-vvv", *options, "--inventory", str(place / "inventory.json"), str(place / "play.yml")]
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    known["ANSIBLE_ROLES_PATH"] = str(ROOT / "ansible/roles")
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=180)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def program(place: Path, last: str) -> str:
    """The playbook, with a program in place of the host's that keeps what it is given."""
    stand_in = place / "program"
    stand_in.write_text(f"#!/bin/sh\ncat > {place}/given.json\n{last}\n")
    stand_in.chmod(0o755)
    text = (ROOT / "ansible/playbooks/database.yml").read_text()
    assert text.count(PROGRAM) == 1
    return text.replace(PROGRAM, str(stand_in))


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """As Terraform writes them, of secrets that are there."""
    with moto_running() as endpoint:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
            monkeypatch.setenv(name, value)
        manager = boto3.client("secretsmanager")
        texts = SECRETS | {"master": json.dumps(MASTER)}
        arns = {name: manager.create_secret(Name=name, SecretString=text)["ARN"] for name, text in texts.items()}
        region = ENVIRONMENT["AWS_DEFAULT_REGION"]
        yield {"database": {"value": {"secrets": arns}}, "hosts": {"value": {"region": region}}}


def test_the_program_is_given_the_masters_secret_and_the_roles_addresses(tmp_path: Path, outputs: Any) -> None:
    play = program(tmp_path, "echo as it was")
    code, text = played(tmp_path, play, "--start-at-task", "The roles", appliance_terraform=outputs)
    assert code == 0, text
    wanted = {"master": MASTER, "owner": SECRETS["migration"], "app": SECRETS["app"], "backup": SECRETS["backup"]}
    assert json.loads((tmp_path / "given.json").read_text()) == wanted
    assert "sesame" not in text
    assert "changed=0" in text, text[-1500:]


def test_what_the_server_refuses_is_told_and_no_secret_with_it(tmp_path: Path, outputs: Any) -> None:
    play = program(tmp_path, "echo 'The server refused: no' >&2; exit 69")
    code, text = played(tmp_path, play, "--start-at-task", "The roles", appliance_terraform=outputs)
    assert code != 0
    assert "The server refused: no" in text
    assert "sesame" not in text


@pytest.mark.parametrize("path", ["", "/nowhere/database-ca.pem"])
def test_without_the_authority_of_rds_the_play_says_what_to_fetch(tmp_path: Path, path: str) -> None:
    task = {"ansible.builtin.import_role": {"name": "database_client", "tasks_from": "addresses"}}
    play = json.dumps([{"hosts": "portal", "gather_facts": False, "tasks": [task]}])
    code, text = played(tmp_path, play, "--check", database_client_secrets_from="aws", database_client_ca=path)
    assert code != 0
    assert "is no file: no host would believe the database's certificate" in text
