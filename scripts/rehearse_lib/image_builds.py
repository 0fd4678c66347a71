"""One `packer build` of packer/: its EC2 is what answers at an endpoint, its machine a host that is there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.rehearse_lib import commands
from scripts.rehearse_lib.errors import MissingError, RehearsalError
from scripts.rehearse_lib.image_records import KEY, Wanted
from scripts.rehearse_lib.moto import REGION

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 1500
AGENT = "rehearsal-agent"
KEY_NAME = "rehearsal-bakes"
USER = "admin"


@dataclass(frozen=True, slots=True)
class Build:
    """`place`: where `templates` put them; `where`: the machine's address; `key`: private key of USER there."""

    wanted: Wanted
    place: Path
    where: str
    key: Path

    @property
    def out(self) -> Path:
        return self.place / f"out-{self.wanted.kind}"

    @property
    def bill(self) -> Path:
        return self.out / f"proforma-{self.wanted.kind}-{self.wanted.version}.cdx.json"


def templates(place: Path) -> None:
    """As for Debian's Packer: without the block of plugins. Paths out of it lead where they lead in the repository."""
    place.mkdir(parents=True)
    shutil.copytree(ROOT / "packer", place / "packer", ignore=shutil.ignore_patterns("plugins.pkr.hcl"))
    (place / "ansible").symlink_to(ROOT / "ansible")
    _package(place)


def commit() -> str:
    """Of what is baked. Raises MissingError outside of a clone."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"Images name the commit that they are made from, and git says: {done.stderr.strip()}")
    return done.stdout.strip()


def run(build: Build, endpoint: str) -> subprocess.CompletedProcess[str]:
    """Packer's answer, whatever it is. Raises MissingError."""
    if shutil.which("packer") is None:
        raise MissingError("packer is not on PATH: apt-get install packer")
    build.out.mkdir(exist_ok=True)
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CHECKPOINT_DISABLE": "1",
        "PACKER_CACHE_DIR": str(build.out / "cache"),
        "ANSIBLE_NOCOLOR": "1",
    }
    return subprocess.run(
        [*_words(build.wanted, build.wanted.commit), *_of_the_rehearsal(build, endpoint), str(build.place / "packer")],
        env=environment,
        cwd=build.place,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST,
    )


def made(build: Build, endpoint: str) -> str:
    """The id of the image. Raises RehearsalError with Packer's last words."""
    commands.note(*_words(build.wanted, "$(git rev-parse HEAD)"), "packer")
    done = run(build, endpoint)
    if done.returncode:
        said = (done.stdout + done.stderr)[-4000:]
        raise RehearsalError(f"packer build of {build.wanted.kind} failed:\n{said}")
    builds = json.loads((build.out / "manifest.json").read_text())["builds"]
    (image,) = [one for one in builds if one["custom_data"]["kind"] == build.wanted.kind]
    return str(image["artifact_id"]).partition(":")[2]


def _words(wanted: Wanted, stated: str) -> list[str]:
    """What a person types, too; `stated`: the commit."""
    values = {"region": REGION, "version": wanted.version, "commit": stated, "kms_key": KEY}
    return ["packer", "build", f"-only=amazon-ebs.{wanted.kind}", *_variables(values)]


def _of_the_rehearsal(build: Build, endpoint: str) -> list[str]:
    ssh = f'{{host="{build.where}",user="{USER}",key="{build.key}",keypair="{KEY_NAME}"}}'
    brought = _package(build.place)
    digest = hashlib.sha256(brought.read_bytes()).hexdigest()
    values = {
        "out": str(build.out),
        "endpoint": endpoint,
        "ssh": ssh,
        "local_packages": f'[{{path="{brought}",sha256="{digest}"}}]',
        "share_with": json.dumps(list(build.wanted.share_with)),
    }
    return _variables(values)


def _variables(values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("-var", f"{name}={value}")]


def _package(place: Path) -> Path:
    """In the place of Amazon's SSM agent: a package that is in no archive."""
    tree, file = place / AGENT, place / f"{AGENT}.deb"
    if not file.exists():
        (tree / "DEBIAN").mkdir(parents=True)
        about = f"Package: {AGENT}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: rehearsed\n"
        (tree / "DEBIAN/control").write_text(about)
        subprocess.run(["dpkg-deb", "--build", str(tree), str(file)], check=True, capture_output=True)
    return file
