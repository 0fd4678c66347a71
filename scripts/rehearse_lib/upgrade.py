"""From the newest tagged release to what stands here: nothing that must not be lost may be replaced on the way."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.rehearse_lib import environments, moto, workspace
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.report import Report
from scripts.rehearse_lib.terraform import Terraform

LASTING = re.compile(
    r"module\.(database\.aws_rds_cluster\.this|vpn\.aws_eip(_association)?\.service"
    r'|documents\.aws_s3_bucket\.this\["documents"\]|security\.aws_kms_key\..*)'
)
"""the database, the documents, the address that customers' gateways know, with its place on a host as 0.1.0 has it, and
the keys of it all"""
ENVIRONMENT = "small"
TREES = ("terraform", "strongswan/sites", "app/lambdas")
RELEASED = re.compile(r"^## (?P<version>\d+\.\d+\.\d+) - \S+\n+Commit (?P<commit>[0-9a-f]{40})\.$", re.MULTILINE)
"""a release in CHANGELOG.md, newest first"""


@dataclass(frozen=True)
class Baseline:
    tag: str
    commit: str
    note: str = ""


def baseline(root: Path = workspace.ROOT) -> Baseline | None:
    """The newest release that leads here: by tag, or (clones may lack tags) by CHANGELOG.md. None before the first.

    Raises RehearsalError when the two disagree about what was released.
    """
    tag = _git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD")
    written = {f"v{one['version']}": one["commit"] for one in RELEASED.finditer((root / "CHANGELOG.md").read_text())}
    if tag:
        commit = _git(root, "rev-list", "-n1", tag)
        if written.get(tag, commit) != commit:
            raise RehearsalError(
                f"The tag {tag} is at {commit}, and CHANGELOG.md says that this release is {written[tag]}."
                " One of them was moved: find out which was delivered, and correct the other."
            )
        return Baseline(tag, commit)
    for version, commit in written.items():
        return Baseline(version, commit, " (by CHANGELOG.md: this clone has no tags)")
    return None


def _git(root: Path, *words: str) -> str:
    """What it says; "" when it finds nothing."""
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False).stdout.strip()


def fetched(found: Baseline, into: Path, root: Path = workspace.ROOT) -> Path:
    """What that release applied, out of git. Raises RehearsalError when this clone does not reach that far back."""
    command = ["git", "archive", "--format=tar", found.commit, *TREES]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise RehearsalError(
            f"{found.tag} is commit {found.commit}, which cannot be read here: {done.stderr.decode().strip()}."
            " A shallow clone lacks it: git fetch --unshallow."
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(into, filter="data")
    return into


def play(place: Path, report: Report, root: Path = workspace.ROOT) -> None:
    """In a cloud of its own. Raises RehearsalError when a plan of the present would take something that has to last."""
    if not (found := baseline(root)):
        report.step("upgrade", 0.0, "no baseline: no release is tagged yet")
        return
    tag = found.tag
    place.mkdir(parents=True)
    old = workspace.make(place / "before", fetched(found, place / "source", root))
    new = workspace.make(place / "after", root)
    with moto.running(place / "moto.log") as cloud:
        cloud.empty()
        made = environments.given(cloud, {})
        environments.bootstrapped(cloud)
        begun = time.monotonic()
        before = _terraform(old, cloud)
        before.apply(*environments.variables(old, ENVIRONMENT, made)).orderly(f"terraform apply of {tag}")
        report.step("baseline", time.monotonic() - begun, f"{ENVIRONMENT} as {tag} applied it{found.note}")
        shutil.copy(old.root / "terraform.tfstate", new.root)
        _planned(_terraform(new, cloud), environments.variables(new, ENVIRONMENT, made), tag, report)


def _terraform(space: workspace.Workspace, cloud: moto.Cloud) -> Terraform:
    """With its state in the folder."""
    (space.root / "local_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    made = Terraform(space.root, cloud.environment())
    made.init().orderly("terraform init")
    return made


def _planned(after: Terraform, options: list[str], tag: str, report: Report) -> None:
    done = after.plan("upgrade.plan", *options).orderly(f"terraform plan of the upgrade from {tag}")
    changes = after.changes("upgrade.plan")
    if lost := lasting(changes):
        raise RehearsalError(f"The upgrade from {tag} would replace or remove what has to last:\n" + "\n".join(lost))
    report.step("upgrade", done.seconds, f"from {tag}: {len(changes)} changes; database, documents, address, keys stay")


def lasting(changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Addresses of what a plan would take away, or make anew, and that has to last."""
    gone = (one["address"] for one in changes if "delete" in one["change"]["actions"])
    return [address for address in gone if LASTING.fullmatch(address)]
