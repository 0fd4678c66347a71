"""From one release to the next: what must last, and where the one before comes from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts.rehearse_lib import upgrade, workspace
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.report import Report


def change(address: str, *actions: str) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions)}}


@pytest.mark.parametrize(
    "address",
    [
        "module.database.aws_rds_cluster.this",
        'module.documents.aws_s3_bucket.this["documents"]',
        "module.vpn.aws_eip.service",
        "module.vpn.aws_eip_association.service",
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


def test_the_baseline_is_the_newest_tag_and_its_files_are_those_of_then(clone: Path, tmp_path: Path) -> None:
    then = commit(clone, "terraform/then.tf", "# as it was\n")
    git("-C", str(clone), "tag", "v0.0.1")
    (clone / "terraform/then.tf").unlink()
    assert (found := upgrade.baseline(clone)) == upgrade.Baseline("v0.0.1", then)
    assert found
    assert (upgrade.fetched(found, tmp_path / "source", clone) / "terraform/then.tf").read_text() == "# as it was\n"


def test_before_the_first_release_there_is_no_baseline(clone: Path, tmp_path: Path) -> None:
    (clone / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Something.\n")
    assert upgrade.baseline(clone) is None
    report = Report("upgrade")
    upgrade.play(tmp_path / "none", report, clone)
    assert [name for name, _, note in report.steps if "no baseline" in note] == ["upgrade"]


def test_a_clone_without_tags_knows_the_release_by_the_changelog(clone: Path, tmp_path: Path) -> None:
    """Tags are not always fetched; the upgrade must not go unrehearsed for that."""
    then = commit(clone, "terraform/then.tf", "# as it was\n")
    changelog(clone, f"## 0.0.2 - 2026-02-02\n\nCommit {then}.\n\n## 0.0.1 - 2026-01-01\n\nCommit {'0' * 40}.\n")
    found = upgrade.baseline(clone)
    assert found is not None
    assert (found.tag, found.commit, "no tags" in found.note) == ("v0.0.2", then, True)
    assert (upgrade.fetched(found, tmp_path / "source", clone) / "terraform/then.tf").is_file()


def test_a_tag_that_is_not_where_the_changelog_says_is_refused(clone: Path) -> None:
    commit(clone, "terraform/then.tf", "# as it was\n")
    git("-C", str(clone), "tag", "v0.0.1")
    changelog(clone, f"## 0.0.1 - 2026-01-01\n\nCommit {'0' * 40}.\n")
    with pytest.raises(RehearsalError, match=r"v0\.0\.1 is at .* One of them was moved"):
        upgrade.baseline(clone)


def test_a_clone_that_does_not_reach_back_says_how_it_would(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="--unshallow"):
        upgrade.fetched(upgrade.Baseline("v0.0.1", "0" * 40), tmp_path / "source", clone)


def test_the_changelog_names_the_commit_of_every_release_that_it_dates() -> None:
    text = (workspace.ROOT / "CHANGELOG.md").read_text()
    dated = re.findall(r"^## (\d\S*) - ", text, re.MULTILINE)
    assert [one["version"] for one in upgrade.RELEASED.finditer(text)] == dated != []


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Without tags."""
    made = tmp_path / "clone"
    git("clone", "--quiet", "--shared", "--no-tags", str(workspace.ROOT), str(made))
    return made


def changelog(clone: Path, releases: str) -> None:
    (clone / "CHANGELOG.md").write_text(f"# Changelog\n\n## Unreleased\n\n- Something.\n\n{releases}\n- Things.\n")


def commit(clone: Path, name: str, text: str) -> str:
    (clone / name).write_text(text)
    git("-C", str(clone), "add", name)
    git("-C", str(clone), "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "then")
    return git("-C", str(clone), "rev-parse", "HEAD")


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()
