"""What is asked of images: the roles' own lines, all of them, by a program that tells every fault."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts.ansible_lib import baking

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "ansible/roles"
FILES = sorted([*ROLES.glob("*/files/image.checks"), *ROOT.glob("packer/files/*.checks")])
GROUPS = {"portal": ("portal", "worker"), "vpn": ("vpn",)}


def judged(lines: str) -> subprocess.CompletedProcess[str]:
    given = os.environ | {"CHECKS": base64.b64encode(lines.encode()).decode()}
    program = ROOT / "packer/files/check.sh"
    return subprocess.run(["sh", program], capture_output=True, text=True, check=False, env=given)


def test_each_role_that_is_baked_brings_checks() -> None:
    bake = {path.parents[1].name for path in ROLES.glob("*/tasks/bake.yml")}
    assert {path.parents[1].name for path in ROLES.glob("*/files/image.checks")} == bake


@pytest.mark.parametrize("kind", GROUPS)
def test_packer_asks_the_roles_that_the_playbook_bakes(kind: str) -> None:
    text = (ROOT / "packer/checks.pkr.hcl").read_text()
    (listed,) = re.findall(rf"^ +{kind} += \[(.*)\]$", text, re.MULTILINE)
    baked = baking.roles_of(ROOT / "ansible/playbooks/image.yml", GROUPS[kind])
    assert set(re.findall(r'"(\w+)"', listed)) == set(baked)
    assert f"CHECKS=${{local.checks.{kind}}}" in (ROOT / f"packer/{kind}.pkr.hcl").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_line_says_what_is_wrong_and_how_that_is_seen(file: Path) -> None:
    text = file.read_text()
    assert text.endswith("\n"), "the next file's first line would be part of this one's last"
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[^:].+? :: \S.*", line), line
        command = line.partition(" :: ")[2]
        assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0, line


def test_every_fault_is_told_with_what_its_command_said() -> None:
    done = judged(
        "# heading\nthe first is wrong :: echo found; false\n\nthis holds :: true\nthe last is wrong :: exit 3\n"
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["FAULT: the first is wrong (found)", "FAULT: the last is wrong"]


def test_a_command_cannot_eat_the_lines_that_follow() -> None:
    assert "FAULT: seen" in judged("reads :: cat >/dev/null\nseen :: false\n").stderr


def test_where_all_holds_it_says_how_many() -> None:
    done = judged("one :: true\ntwo :: true\n")
    assert (done.returncode, done.stdout) == (0, "all of 2 checks hold\n")


@pytest.mark.parametrize("lines", ["", "# nothing but a heading\n"])
def test_where_nothing_is_asked_nothing_is_accepted(lines: str) -> None:
    assert judged(lines).returncode == 1


def test_the_checks_refuse_a_machine_that_is_no_host_of_ours() -> None:
    done = judged((ROLES / "strongswan_gateway/files/image.checks").read_text())
    assert done.returncode == 1
    assert "FAULT: vici or boto3 is missing" in done.stderr


def test_molecule_asks_the_same_lines() -> None:
    settings = (ROOT / "ansible/molecule/shared/molecule.yml").read_text()
    (named,) = re.findall(r"additional_files_or_dirs: \[(.*)\]", settings)
    for scenario in ROOT.glob("ansible/molecule/*/tests"):
        assert (scenario / named).is_file() or scenario.parent.name == "shared"
