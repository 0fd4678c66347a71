"""Both images, baked by the real `packer build`: its EC2 is moto, its machine a fresh host of ./scripts/host.

Packer itself asks for the instance, makes the image and its encrypted copy; provisioners, checks and cleaning run in a
Debian with systemd. What is left out is the block of plugins, which Debian's Packer does not know. Takes root.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.ansible_lib import baking
from scripts.host_lib import bases, boot
from scripts.host_lib.errors import HostError
from scripts.host_lib.places import Group, Place
from scripts.rehearse_lib import commands
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import REGION, Cloud
from scripts.rehearse_lib.report import Report

ROOT = Path(__file__).resolve().parents[2]
BASE, VERSION = "trixie", "0.0.1"
KINDS = ("portal", "vpn")
LONGEST = 1500
AGENT = "rehearsal-agent"
KEY_NAME = "rehearsal-bakes"
USER = "admin"
PREPARE = f"""set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends python3 sudo openssh-server
useradd --create-home --shell /bin/bash {USER}
echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/90-cloud-init-users
install -d -m 0700 -o {USER} /home/{USER}/.ssh
install -m 0600 -o {USER} ~root/.ssh/authorized_keys /home/{USER}/.ssh/authorized_keys
echo 'echo a secret >/dev/null' >/home/{USER}/.bash_history
"""
"""what Debian's image for EC2 has, and somebody's traces"""


def bake(cloud: Cloud, place: Path, report: Report) -> dict[str, str]:
    """Kind -> id of its image in moto. Raises RehearsalError, HostError."""
    place.mkdir(parents=True)
    templates, key = _templates(place), baking.make_key(place)
    _in_the_account(cloud, key)
    bases.build(BASE)
    _package(place)
    with ThreadPoolExecutor(len(KINDS)) as pool:
        made = pool.map(lambda kind: _baked(cloud, kind, templates, key, report), KINDS)
        return dict(zip(KINDS, made, strict=True))


def _templates(place: Path) -> Path:
    """As for Debian's Packer: without the block of plugins. Paths out of it lead where they lead in the repository."""
    ignored = shutil.ignore_patterns("plugins.pkr.hcl")
    shutil.copytree(ROOT / "packer", place / "packer", ignore=ignored)
    (place / "ansible").symlink_to(ROOT / "ansible")
    return place / "packer"


def _in_the_account(cloud: Cloud, key: Path) -> None:
    """What is there before anybody bakes: the key pair, and the key of volumes."""
    ec2, kms = cloud.client("ec2"), cloud.client("kms")
    public = key.with_suffix(".pub").read_bytes()
    ec2.import_key_pair(KeyName=KEY_NAME, PublicKeyMaterial=public)
    made = kms.create_key(Description="volumes of images")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/proforma-images", TargetKeyId=made)


def _baked(cloud: Cloud, kind: str, templates: Path, key: Path, report: Report) -> str:
    begun = time.monotonic()
    with baking.fresh(Group(f"image-{kind}-{os.getpid() % 100000}"), BASE, key) as (host, where):
        _prepared(kind, host)
        out = templates.parent / f"out-{kind}"
        image = _packed(cloud, kind, templates, key, where, out)
        _looked_at(kind, host.root, out)
    report.step(f"image {kind}", time.monotonic() - begun, f"{image}, by packer build; checked, cleaned, with its SBOM")
    return image


def _prepared(kind: str, host: Place) -> None:
    """Raises HostError."""
    line = [*boot.entering(host), "bash", "-s"]
    done = subprocess.run(line, input=PREPARE, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr)[-2000:]
        raise HostError(f"It failed:\n{said}", where=f"image {kind}", remedy="Is Debian reached? ./scripts/host doctor")


def _packed(cloud: Cloud, kind: str, templates: Path, key: Path, where: str, out: Path) -> str:
    """The id of the image. Raises RehearsalError with Packer's last words."""
    out.mkdir(exist_ok=True)
    ssh = f'{{host="{where}",user="{USER}",key="{key}",keypair="{KEY_NAME}"}}'
    values = {"region": REGION, "version": VERSION, "kms_key": "alias/proforma-images"}
    command = ["packer", "build", f"-only=amazon-ebs.{kind}", *_variables(values)]
    commands.note(*command, "packer")
    brought = _package(templates.parent)
    local = f'[{{path="{brought}",sha256="{hashlib.sha256(brought.read_bytes()).hexdigest()}"}}]'
    command += _variables({"out": str(out), "endpoint": cloud.endpoint, "ssh": ssh, "local_packages": local})
    environment = os.environ | cloud.environment()
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CHECKPOINT_DISABLE": "1",
        "PACKER_CACHE_DIR": str(out / "cache"),
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        [*command, str(templates)],
        env=environment,
        cwd=templates.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )
    if done.returncode:
        raise RehearsalError(f"packer build of {kind} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    builds = json.loads((out / "manifest.json").read_text())["builds"]
    (made,) = [one for one in builds if one["custom_data"]["kind"] == kind]
    return str(made["artifact_id"]).partition(":")[2]


def _variables(values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("-var", f"{name}={value}")]


def _package(place: Path) -> Path:
    """In the place of Amazon's SSM agent: a package that is in no archive."""
    tree, made = place / AGENT, place / f"{AGENT}.deb"
    if not made.exists():
        (tree / "DEBIAN").mkdir(parents=True)
        about = f"Package: {AGENT}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: rehearsed\n"
        (tree / "DEBIAN/control").write_text(about)
        subprocess.run(["dpkg-deb", "--build", str(tree), str(made)], check=True, capture_output=True)
    return made


def _looked_at(kind: str, root: Path, out: Path) -> None:
    """What became the image, in the host's own file system. Raises RehearsalError with all faults."""
    faults = [f"{path} is left" for path in _traces(root)]
    bill = json.loads((out / f"proforma-{kind}-{VERSION}.cdx.json").read_text())
    if bill["bomFormat"] != "CycloneDX" or len(bill["components"]) < 100:
        faults.append("the bill of materials is no list of the packages")
    if AGENT not in [one["name"] for one in bill["components"]]:
        faults.append("the package that was brought is not installed")
    if faults:
        raise RehearsalError(f"The image {kind} is not as it has to be:\n" + "\n".join(faults))


def _traces(root: Path) -> Iterator[Path]:
    yield from root.glob("etc/ssh/ssh_host_*")
    yield from root.glob("root/.ssh/authorized_keys")
    yield from root.glob("home/*/.ssh/authorized_keys")
    yield from root.glob("home/*/.bash_history")
    yield from root.glob("etc/credstore/*")
    yield from root.glob("var/lib/apt/lists/*_Packages*")
    if (root / "etc/machine-id").read_text().strip() not in ("", "uninitialized"):
        yield root / "etc/machine-id"
