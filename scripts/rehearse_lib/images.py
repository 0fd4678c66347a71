"""Both images, baked by the real `packer build`: its EC2 is moto, its machine a fresh host of ./scripts/host.

Packer itself asks for the instance, makes the image and its encrypted copy; provisioners, checks and cleaning run in a
Debian with systemd. Then the image is booted, and what must not become one is refused. What is left out is the block of
plugins, which Debian's Packer does not know. Takes root.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.ansible_lib import baking
from scripts.host_lib import bases, boot
from scripts.host_lib.errors import HostError
from scripts.host_lib.places import Group, Place
from scripts.rehearse_lib import asked, image_boots, image_builds, image_records, image_refusals
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.image_builds import USER, Build
from scripts.rehearse_lib.image_records import Wanted
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.report import Report

BASE, VERSION = "trixie", "0.0.1"
SHARED_WITH = {"portal": (), "vpn": ("111111111111", "222222222222")}
"""kind -> accounts that may use the image: of two images one is shared"""
IN_THE_IMAGE = "usr/share/proforma/sbom.cdx.json"
PREPARE = f"""set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends python3 sudo openssh-server cloud-init
echo 'system_info: {{default_user: {{name: {USER}}}}}' >/etc/cloud/cloud.cfg.d/90-user.cfg
useradd --create-home --shell /bin/bash {USER}
echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/90-cloud-init-users
install -d -m 0700 -o {USER} /home/{USER}/.ssh
install -m 0600 -o {USER} ~root/.ssh/authorized_keys /home/{USER}/.ssh/authorized_keys
echo 'echo a secret >/dev/null' >/home/{USER}/.bash_history
"""
"""what Debian's image for EC2 has, and somebody's traces"""


def bake(cloud: Cloud, place: Path, report: Report) -> dict[str, str]:
    """Kind -> id of its image in moto. Raises RehearsalError, HostError."""
    image_builds.templates(place)
    key = baking.make_key(place)
    _in_the_account(cloud, key)
    bases.build(BASE)
    with ThreadPoolExecutor(len(SHARED_WITH)) as pool:
        made = pool.map(lambda kind: _rehearsed(cloud, kind, place, key, report), SHARED_WITH)
        return dict(zip(SHARED_WITH, made, strict=True))


def _in_the_account(cloud: Cloud, key: Path) -> None:
    """What is there before anybody bakes: the key pair, and the key of images, which the bootstrap makes."""
    ec2, kms = cloud.client("ec2"), cloud.client("kms")
    public = key.with_suffix(".pub").read_bytes()
    ec2.import_key_pair(KeyName=image_builds.KEY_NAME, PublicKeyMaterial=public)
    aliases = kms.get_paginator("list_aliases").paginate()
    if any(one["AliasName"] == image_records.KEY for page in aliases for one in page["Aliases"]):
        return
    made = kms.create_key(Description="volumes of images")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=image_records.KEY, TargetKeyId=made)


def _rehearsed(cloud: Cloud, kind: str, place: Path, key: Path, report: Report) -> str:
    wanted = Wanted(kind, VERSION, image_builds.commit(), SHARED_WITH[kind])
    begun = time.monotonic()
    with baking.fresh(Group(f"image-{kind}-{os.getpid() % 100000}"), BASE, key) as (host, where):
        _prepared(kind, host)
        before = image_boots.identity(host.root)
        image = _baked(cloud, Build(wanted, place, where, key), host.root)
        report.step(f"image {kind}", time.monotonic() - begun, f"{image}, by packer build; checked, cleaned, encrypted")
        begun = time.monotonic()
        with image_boots.instance(host, place / f"instance-{kind}", key) as (instance, address):
            _faultless(f"An instance of the image {kind}", image_boots.faults(instance, before))
            report.step(f"image {kind} boots", time.monotonic() - begun, "nothing failed; identity and keys of its own")
            begun = time.monotonic()
            what = image_refusals.refused(cloud, Build(wanted, place, address, key), place / f"refused-{kind}")
    report.step(f"image {kind} is refused", time.monotonic() - begun, f"{what}: told, and no image registered")
    return image


def _prepared(kind: str, host: Place) -> None:
    """Raises HostError."""
    line = [*boot.entering(host), "bash", "-s"]
    done = subprocess.run(line, input=PREPARE, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise HostError(f"It failed:\n{said}", where=f"image {kind}", remedy="Is Debian reached? ./scripts/host doctor")


def _baked(cloud: Cloud, build: Build, root: Path) -> str:
    """The id of the image. Raises RehearsalError with all faults of what EC2 and the machine have then."""
    with asked.listening(cloud.endpoint) as door:
        image = image_builds.made(build, door.endpoint)
    found = image_records.faults(cloud, image, build.wanted, door)
    _faultless(f"The image {build.wanted.kind}", [*found, *_of_the_bill(build, root)])
    return image


def _of_the_bill(build: Build, root: Path) -> Iterator[str]:
    text = build.bill.read_text()
    listed = [one["purl"] for one in json.loads(text)["components"]]
    if sum(one.startswith("pkg:deb/") for one in listed) < 100:
        yield "the bill of materials is no list of the packages"
    if not any(one.startswith(f"pkg:deb/debian/{image_builds.AGENT}@") for one in listed):
        yield "the package that was brought is not installed"
    if build.wanted.kind == "vpn" and not any(one.startswith("pkg:pypi/vici@") for one in listed):
        yield "the bill of materials has no packages of the VPN's programs"
    if (root / IN_THE_IMAGE).read_text() != text:
        yield "the bill of materials in the image is another one"


def _faultless(what: str, found: list[str]) -> None:
    """Raises RehearsalError."""
    if found:
        raise RehearsalError(f"{what} is not as it has to be:\n" + "\n".join(found))
