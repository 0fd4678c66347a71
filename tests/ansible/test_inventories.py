"""What the inventories say: hosts in EC2 by their tags, from moto; variables of one's own machines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.event_queue import ENVIRONMENT, moto_running

ROOT = Path(__file__).resolve().parents[2]
INVENTORIES = ROOT / "ansible/inventories"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


def listed(inventory: Path, **environment: str) -> dict[str, Any]:
    command = [str(BIN / "ansible-inventory"), "--inventory", str(inventory), "--list"]
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")} | environment
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


OUTPUTS = {
    "portal": {"value": {"name": "portal.provider.example"}},
    "buckets": {"value": {"transfer": "proforma-transfer-111122223333"}},
    "hosts": {
        "value": {
            "region": "eu-central-1",
            "settings": {"BROKER_URL": "sqs://"},
            "secrets": {"database_url": "arn:d", "secret_key": "arn:s", "pseudonym_key": "arn:p"},
            "migrating_secrets": {"migration_database_url": "arn:m", "backup_database_url": "arn:b"},
            "pointer": "/proforma/portal/release",
            "artifacts": "proforma-artifacts",
            "balancer_networks": ["10.40.10.0/26"],
            "log_groups": {"portal": "/proforma/portal", "worker": "/proforma/worker", "vpn": "/proforma/vpn"},
        }
    },
}
"""as docs/deploy.md has Terraform write them; the rehearsal asks with those of what it applied"""


def test_hosts_in_ec2_are_found_by_their_tags_and_told_what_terraform_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(INVENTORIES / "ec2", tmp_path / "ec2")
    (tmp_path / "ec2/outputs.json").write_text(json.dumps(OUTPUTS))
    with moto_running() as endpoint:
        surroundings = {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": ENVIRONMENT["AWS_DEFAULT_REGION"]}
        for name, value in surroundings.items():
            monkeypatch.setenv(name, value)
        roles = {"vpn": made("vpn"), "portal": made("portal-worker"), "stranger": made("portal", product="another")}
        found = listed(tmp_path / "ec2", **surroundings)
    assert found["vpn"]["hosts"] == [roles["vpn"]]
    assert found["portal"]["hosts"] == found["worker"]["hosts"] == [roles["portal"]]
    assert roles["stranger"] not in found["_meta"]["hostvars"]
    variables = found["_meta"]["hostvars"][roles["portal"]]
    assert variables["ansible_connection"] == "amazon.aws.aws_ssm"
    assert variables["ansible_host"] == {"__ansible_unsafe": roles["portal"]}  # never taken for a template
    assert variables["release_secrets_from"] == "aws"
    assert variables["database_client_ca"].endswith("/database-ca.pem")


@pytest.mark.parametrize(("named", "bucket"), [("", "proforma-transfer-111122223333"), ("another", "another")])
def test_files_go_through_terraforms_bucket_unless_another_is_named(tmp_path: Path, named: str, bucket: str) -> None:
    """Without a bucket the connection does not even start."""
    hosts = shutil.copytree(INVENTORIES / "ec2/group_vars", tmp_path / "ec2/group_vars").parent
    (hosts / "outputs.json").write_text(json.dumps(OUTPUTS))
    (hosts / "hosts.yml").write_text("all: {hosts: {i-1: {}}}")
    asked = ["i-1", "--module-name", "ansible.builtin.debug", "--args", "var=ansible_aws_ssm_bucket_name"]
    known = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "PROFORMA_SSM_BUCKET": named}
    command = [str(BIN / "ansible"), "--inventory", str(hosts), *asked]
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=120)
    assert f'"ansible_aws_ssm_bucket_name": "{bucket}"' in done.stdout, done.stdout + done.stderr


def made(role: str, product: str = "proforma-appliance") -> str:
    tags = [{"Key": "Product", "Value": product}, {"Key": "Role", "Value": role}]
    specification = [{"ResourceType": "instance", "Tags": tags}]
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    answer = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=specification)
    return str(answer["Instances"][0]["InstanceId"])


def test_the_example_of_ones_own_machines_is_complete_but_for_the_vault(tmp_path: Path) -> None:
    shutil.copytree(INVENTORIES / "onprem.example", tmp_path / "onprem")
    example = tmp_path / "onprem/group_vars/all/vault.yml.example"
    example.rename(example.with_suffix(""))
    found = listed(tmp_path / "onprem")
    assert found["portal"]["hosts"] == found["worker"]["hosts"] == ["portal1"]
    variables = found["_meta"]["hostvars"]["portal1"]
    assert [name for name in variables if name.startswith("vault_") and variables[name]] == []
    for role in ("release", "portal", "worker", "database_client"):
        assert any(name.startswith(f"{role}_") for name in variables)
