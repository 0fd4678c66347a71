"""From one release to the next: what must last, and where the one before comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.rehearse_lib import upgrade, workspace
from scripts.rehearse_lib.report import Report


def change(address: str, *actions: str) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions)}}


@pytest.mark.parametrize(
    "address",
    [
        "module.database.aws_rds_cluster.this",
        'module.documents.aws_s3_bucket.this["documents"]',
        "module.vpn.aws_eip.service",
        'module.security.aws_kms_key.this["data"]',
    ],
)
def test_what_has_to_last_is_neither_replaced_nor_removed(address: str) -> None:
    assert (
        upgrade.lasting([change(address, "update"), change("module.vpn.aws_instance.host", "delete", "create")]) == []
    )
    assert upgrade.lasting([change(address, "delete", "create")]) == [address]
    assert upgrade.lasting([change(address, "create", "delete"), change(address, "delete")]) == [address, address]


def test_those_addresses_are_in_the_modules() -> None:
    """A resource that is called otherwise one day must not slip through."""
    modules = workspace.ROOT / "terraform/modules"
    for module, kind in (("database", "aws_rds_cluster"), ("vpn", "aws_eip"), ("documents", "aws_s3_bucket")):
        text = "".join(path.read_text() for path in (modules / module).glob("*.tf"))
        name = "service" if kind == "aws_eip" else "this"
        assert f'resource "{kind}" "{name}"' in text


def test_the_baseline_is_the_newest_tag_and_its_files_are_those_of_then(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--shared", "--no-tags", str(workspace.ROOT), str(clone))
    assert upgrade.baseline(clone) == ""
    report = Report("upgrade")
    upgrade.play(tmp_path / "none", report, clone)
    assert [name for name, _, note in report.steps if "no baseline" in note] == ["upgrade"]
    marker = clone / "terraform/then.tf"
    marker.write_text("# as it was\n")
    git("-C", str(clone), "add", "terraform/then.tf")
    git("-C", str(clone), "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "then")
    git("-C", str(clone), "tag", "v0.0.1")
    marker.unlink()
    assert upgrade.baseline(clone) == "v0.0.1"
    assert (upgrade.fetched("v0.0.1", tmp_path / "source", clone) / "terraform/then.tf").read_text() == "# as it was\n"


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)
