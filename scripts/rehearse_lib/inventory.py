"""What Ansible finds: the inventory of EC2, fed with the outputs (docs/deploy.md), asked of what was applied."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.rehearse_lib import commands
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.report import Report
from scripts.rehearse_lib.terraform import Terraform

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {"database_url", "secret_key", "pseudonym_key"}
MIGRATING = {"migration_database_url", "backup_database_url"}
"""on one host alone"""
TOLD = {
    "secrets": "{{ release_cloud_secrets }}",
    "logs": "{{ observability_log_group }}",
    "pointer": "{{ release_pointer_parameter }}",
    "queue": "{{ release_settings.EVENTS_QUEUE_URL }}",
    "artifacts": "{{ release_artifacts_bucket }}",
    "connection": "{{ ansible_aws_ssm_bucket_name }}",
    "health_from": "{{ portal_health_from }}",
    "proxies": "{{ portal_proxies }}",
}
PLAY = [{
    "hosts": "all",
    "gather_facts": False,
    "tasks": [
        {
            "name": "The role's defaults",
            "ansible.builtin.import_role": {"name": "release", "tasks_from": "name"},
            "when": False,
        },
        {
            "name": "What this host is told",
            "ansible.builtin.copy": {
                "content": "{{ told | to_json }}",
                "dest": "{{ playbook_dir }}/told/{{ inventory_hostname }}.json",
                "mode": "0600",
            },
            "vars": {"told": TOLD, "ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        },
    ],
}]  # fmt: skip


def play(cloud: Cloud, root: Terraform, place: Path, report: Report) -> None:
    """Raises RehearsalError when a host is not found, or is told something that is not there."""
    begun = time.monotonic()
    shutil.copytree(ROOT / "ansible/inventories/ec2", place / "ec2")
    (place / "ec2/outputs.json").write_text(root.outputs_as_json())
    (place / "ec2/database-ca.pem").write_text("in place of Amazon's, which nobody connects by here\n")
    found = json.loads(ansible(cloud, "ansible-inventory", "--inventory", str(place / "ec2"), "--list"))
    commands.note("ansible-inventory", "--inventory", "ansible/inventories/ec2", "--list")
    faults = [f"no host in the group {group}" for group in ("vpn", "portal", "worker") if not found.get(group)]
    told = _told(cloud, place)
    for name, variables in told.items():
        faults += [f"{name}: {fault}" for fault in _faults(cloud, variables)]
        if variables["connection"] != root.outputs()["buckets"]["transfer"]:
            faults.append(f"{name}: files would go there through {variables['connection'] or 'no bucket'}")
    for secret in sorted(MIGRATING):
        holding = [name for name, variables in told.items() if secret in variables["secrets"]]
        if len(holding) != 1:
            faults.append(f"{len(holding)} hosts would have {secret}, and not the one that migrates and backs up")
    faults += unbalanced(told, [one["CidrBlock"] for one in _balancer_subnets(cloud)])
    if faults:
        raise RehearsalError("The inventory of EC2 is not as it has to be:\n" + "\n".join(faults))
    report.step("inventory", time.monotonic() - begun, f"{len(told)} hosts, with secrets, queues and logs that exist")


def _told(cloud: Cloud, place: Path) -> dict[str, dict[str, Any]]:
    """Host -> what roles would be told, worked out by Ansible itself."""
    (place / "told").mkdir()
    (place / "play.json").write_text(json.dumps(PLAY))
    ansible(cloud, "ansible-playbook", "--inventory", str(place / "ec2"), str(place / "play.json"))
    return {path.stem: json.loads(path.read_text()) for path in (place / "told").iterdir()}


def ansible(cloud: Cloud, program: str, *arguments: str) -> str:
    """What it said. Raises RehearsalError."""
    own = {name: value for name, value in os.environ.items() if name != "PROFORMA_SSM_BUCKET"}
    environment = own | cloud.environment() | {"ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")}
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RehearsalError(f"{program} failed: {(done.stderr[-800:] + done.stdout[-2500:])}")
    return done.stdout


def _faults(cloud: Cloud, told: Mapping[str, Any]) -> list[str]:
    """Of one host."""
    faults = [f"no secret is named for {name}" for name in sorted(NEEDED - told["secrets"].keys())]
    manager, sqs = cloud.client("secretsmanager"), cloud.client("sqs")
    faults += [
        f"the secret {name} is not there" for name, arn in told["secrets"].items() if not _is_there(manager, arn)
    ]
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=told["logs"])["logGroups"]
    if told["logs"] not in [one["logGroupName"] for one in groups]:
        faults.append(f"the log group {told['logs']} is not there")
    cloud.client("ssm").get_parameter(Name=told["pointer"])
    for bucket in (told["artifacts"], told["connection"]):
        cloud.client("s3").head_bucket(Bucket=bucket)
    sqs.get_queue_attributes(QueueUrl=told["queue"])
    return faults


def _balancer_subnets(cloud: Cloud) -> list[dict[str, Any]]:
    """Those in which a load balancer has its addresses; none where there is none."""
    zones = [
        zone
        for one in cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
        for zone in one["AvailabilityZones"]
    ]
    ids = [zone["SubnetId"] for zone in zones]
    return list(cloud.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]) if ids else []


def unbalanced(told: Mapping[str, Mapping[str, Any]], networks: Sequence[str]) -> list[str]:
    """Hosts that would not answer the load balancer, or take its addresses for all staff's; `networks`: its own."""
    return [
        f"{host}: {variable} is {variables[word]}, and the load balancer is in {sorted(networks)}"
        for host, variables in told.items()
        for word, variable in (("health_from", "portal_health_from"), ("proxies", "portal_proxies"))
        if sorted(variables[word]) != sorted(networks)
    ]


def _is_there(manager: Any, arn: str) -> bool:
    try:
        manager.describe_secret(SecretId=arn)
    except manager.exceptions.ResourceNotFoundException:
        return False
    return True
