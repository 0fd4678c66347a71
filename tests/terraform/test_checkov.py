"""checkov's rules: kept, or left out with a reason beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform.conftest import FOLDER

CONFIG = FOLDER / ".checkov.yaml"
PROGRAM = Path(sys.prefix) / "checkov/bin/checkov"
HOUSE = re.compile(r"^  - (CKV\w+)(.*)$", re.MULTILINE)
INLINE = re.compile(r"#\s*checkov:skip=(\w+)(.*)$", re.MULTILINE)
SHORTEST = 20
"""characters of a reason"""


def looked_at(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """checkov's exit code and its findings. It reads the folder's .checkov.yaml by itself, where there is one."""
    if not PROGRAM.exists():
        message = "checkov is missing: ./scripts/setup --checkov"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    command = [str(PROGRAM), "--directory", str(folder), "--output", "json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


@pytest.mark.slow
def test_nothing_is_found_that_has_no_reason() -> None:
    code, found = looked_at(FOLDER)
    failed = [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in found["results"]["failed_checks"]]
    assert (code, failed, found["summary"]["parsing_errors"]) == (0, [], 0)
    assert found["summary"]["resource_count"] > 150


@pytest.mark.slow
def test_what_is_left_out_for_the_whole_house_would_be_found(tmp_path: Path) -> None:
    """Otherwise it would hide something one day."""
    wanted = yaml.safe_load(CONFIG.read_text())["skip-check"]
    ignored = shutil.ignore_patterns(".terraform", CONFIG.name, "rehearsal")
    bare = shutil.copytree(FOLDER, tmp_path / "terraform", ignore=ignored)
    _, found = looked_at(bare, "--framework", "terraform", "--skip-download", "--check", ",".join(wanted))
    assert {one["check_id"] for one in found["results"]["failed_checks"]} == set(wanted)


def test_whatever_is_left_out_has_its_reason_beside_it() -> None:
    places = [(CONFIG, HOUSE), *((path, INLINE) for path in FOLDER.rglob("*.tf") if ".terraform" not in path.parts)]
    skips = [(path, *skip) for path, pattern in places for skip in pattern.findall(path.read_text())]
    assert [(p.name, check) for p, check, reason in skips if len(reason.strip(" :#")) < SHORTEST] == []
    assert len(skips) > len(yaml.safe_load(CONFIG.read_text())["skip-check"])
