"""An instance that an auto-scaling group makes: it boots the image, and configures itself without anybody.

What Terraform writes as user data is done as cloud-init does it: files, then commands. The host has what its image has
(the layer of playbooks/image.yml), names and credentials in the place of DNS and of the instance's role, and moto.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import yaml

from scripts.host_lib import boot, hosts
from scripts.lab_lib import files, houses, inventory, layers
from scripts.lab_lib.places import ROOT
from scripts.lab_lib.topology import PORTAL_NAME, Host, inner
from scripts.lab_lib.trials import cloud, operator
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab

NAME = "portal-2"
INSTANCE: Host = inner(NAME, "portal", "10.40.10.11")
BUCKET, SECRET, POINTER = "lab-artifacts", "lab/portal/configuration", "/lab/portal/release"
USER_DATA = ROOT / "terraform/modules/portal/boot.yml"
SECONDS = 900


def booted(lab: Lab) -> Iterator[str]:
    """Made from the image, user data run, and it serves the release that runs everywhere."""
    version = lab.release()
    with _cloud(lab, version), _instance(lab):
        begun = time.monotonic()
        said = lab.machines.do(NAME, _user_data(), seconds=SECONDS)
        lab.report(Figure("instance_boots", time.monotonic() - begun, f"user data to release {version}"))
        yield from _faults(lab, version, said)


def _faults(lab: Lab, version: str, said: str) -> Iterator[str]:
    if f"the release is {version}" not in said:
        yield f"it says: {said[-300:]}"
    lab.machines.do(NAME, "proforma-install verify-running")
    at = f"--resolve {PORTAL_NAME}:443:127.0.0.1 https://{PORTAL_NAME}/sign-in"
    page = f"curl --silent --fail --cacert /run/ca.pem {at}"
    lab.given(NAME, lab.files.certificates / "provider-ca.pem", "/run/ca.pem")
    if "csrfmiddlewaretoken" not in lab.machines.do(NAME, page):
        yield "nginx does not serve the portal's page"
    if left := lab.machines.do(NAME, "find /run/proforma-boot -type f"):
        yield f"variables are left in memory: {left}"
    if "migration_database_url" in lab.machines.do(NAME, "ls /etc/credstore"):
        yield "it has the owner's way to the database, and is not the host that migrates"
    ours = lab.machines.do("portal", "nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'")
    if ours != lab.machines.do(NAME, "nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'"):
        yield "its firewall is not that of the other portal host"
    if failed := lab.machines.do(NAME, "systemctl --failed --no-legend --plain"):
        yield f"units failed: {failed}"


def _user_data() -> str:
    """A script that does what the module's user data says. Raises KeyError when there is more in it than this knows."""
    told = {"kinds": ["portal"], "region": inventory.REGION, "artifacts_bucket": BUCKET, "configuration_secret": SECRET}
    data: dict[str, Any] = yaml.safe_load(USER_DATA.read_text().replace("${boot}", json.dumps(told)))
    lines = ["set -eu"]
    for file in data.pop("write_files"):
        lines.append(f"install -D -m {file['permissions']} /dev/stdin {file['path']} <<'END'\n{file['content']}\nEND")
    lines += [" ".join(command) for command in data.pop("runcmd")]
    if data:
        raise KeyError(f"user data has more than is done here: {', '.join(data)}")
    return "\n".join(lines)


@contextmanager
def _cloud(lab: Lab, version: str) -> Iterator[None]:
    """As Terraform and a rollout leave it: bucket, artifact, pointer, secret; the secret is filled by the playbook."""
    with cloud.reached(lab):
        s3, ssm, manager = (boto3.client(name) for name in ("s3", "ssm", "secretsmanager"))
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": inventory.REGION})
        for path in (lab.state / "artifacts").glob(f"proforma-{version}.tar*"):
            s3.upload_file(str(path), BUCKET, path.name)
        ssm.put_parameter(Name=POINTER, Value=version, Type="String", Overwrite=True)
        manager.create_secret(Name=SECRET)
    try:
        with cloud.reached(lab):
            operator.playbook(
                lab,
                "boot_configuration",
                limit="portal",
                release_boot_configuration=SECRET,
                release_artifacts_bucket=BUCKET,
                release_pointer_parameter=POINTER,
            )
        yield
    finally:
        with cloud.reached(lab):
            manager.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
            for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
                s3.delete_object(Bucket=BUCKET, Key=one["Key"])
            s3.delete_bucket(Bucket=BUCKET)


@contextmanager
def _instance(lab: Lab) -> Iterator[None]:
    """A host from the image that nobody has configured; gone afterwards."""
    place = lab.machines.place(NAME)
    hosts.up(place, INSTANCE.spec((layers.newest(("portal",))["portal"],)))
    try:
        boot.wait(place)
        given = houses.appliance(lab.files, "portal")  # the names, and the customers' authorities
        environment = " ".join(f"{name}={value}" for name, value in cloud.ROLE.items())
        given.text("/etc/systemd/system.conf.d/role.conf", f"[Manager]\nDefaultEnvironment={environment}\n")
        given.script += "systemctl daemon-reload\n"
        files.give(place, given)
        yield
    finally:
        hosts.down(place, purge=True, now=True)
