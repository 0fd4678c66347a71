"""What a new instance would find: the playbook's last step, played against what was applied, and the user data that AWS
would hand to the instance, followed as far as a machine without a host can: to the inventory that it would play upon
itself. The lab boots one (scripts/lab_lib/trials/instances.py)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.rehearse_lib import inventory
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.inventory import ROOT
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.report import Report

PLAYBOOK = ROOT / "ansible/playbooks/boot_configuration.yml"
FETCH = ROOT / "scripts/proforma_cloud/fetch.py"
BOOT = "/usr/local/sbin/proforma-boot"


def play(cloud: Cloud, ec2: Path, place: Path, report: Report) -> None:
    """`ec2`: the inventory, with outputs. Raises RehearsalError when an instance would not find what it needs."""
    begun = time.monotonic()
    inventory.ansible(cloud, "ansible-playbook", "--inventory", str(ec2), str(PLAYBOOK))
    told = {json.dumps(one): one for one in _user_data(cloud)}
    faults = [fault for number, one in enumerate(told.values()) for fault in _faults(cloud, one, place / str(number))]
    if faults or not told:
        raise RehearsalError("A new instance would not configure itself:\n" + "\n".join(faults or ["no user data"]))
    kinds = ", ".join("-".join(one["kinds"]) for one in told.values())
    report.step("new instances", time.monotonic() - begun, f"what they configure themselves by: {kinds}")


def _user_data(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """boot.json of each launch template that has one. Raises RehearsalError when nothing would begin with it."""
    ec2 = cloud.client("ec2")
    for one in ec2.describe_launch_templates()["LaunchTemplates"]:
        asked = {"LaunchTemplateId": one["LaunchTemplateId"], "Versions": ["$Latest"]}
        found = ec2.describe_launch_template_versions(**asked)["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        data = yaml.safe_load(base64.b64decode(found["UserData"])) if "UserData" in found else {}
        files = {file["path"]: file["content"] for file in data.get("write_files", ())}
        if "/etc/proforma/boot.json" in files:
            if data["runcmd"] != [[BOOT]]:
                raise RehearsalError(f"{one['LaunchTemplateName']}: user data does not start {BOOT}.")
            yield json.loads(files["/etc/proforma/boot.json"])


def _faults(cloud: Cloud, told: Mapping[str, Any], root: Path) -> Iterator[str]:
    """Of one kind of instance."""
    (root / "run/proforma-boot").mkdir(parents=True)
    (root / "boot.json").write_text(json.dumps(told))
    command = [sys.executable, "-I", str(FETCH), "configuration", "--settings", str(root / "boot.json")]
    environment = os.environ | cloud.environment()
    done = subprocess.run([*command, "--root", str(root)], env=environment, capture_output=True, text=True, check=False)
    kind = "-".join(told["kinds"])
    if done.returncode:
        yield f"{kind}: {done.stderr.strip()}"
        return
    variables = json.loads((root / "run/proforma-boot/inventory.json").read_text())["all"]["vars"]
    migrates = variables["release_cloud_secrets"].keys() >= inventory.MIGRATING
    if not migrates == variables["release_migrates"] == (len(told["kinds"]) > 1):
        yield f"{kind}: the host that is alone migrates, and no other"
    if variables["release_artifacts_bucket"] != told["artifacts_bucket"]:
        yield f"{kind}: user data and inventory name different buckets of artifacts"
