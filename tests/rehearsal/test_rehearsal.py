"""Both environments, applied and destroyed against moto: the whole of ./scripts/rehearse, as people start it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.appliance, pytest.mark.slow]


def test_both_environments_are_applied_looked_at_and_destroyed(tmp_path: Path) -> None:
    if shutil.which("terraform") is None:
        message = "terraform is missing: https://developer.hashicorp.com/terraform/install"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    report = tmp_path / "report.md"
    command = ["nice", "-n", "10", str(ROOT / "scripts/rehearse"), "--report", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = report.read_text()
    print(said)  # noqa: T201  to be read with -rP
    assert said.count("| nothing left |") == said.count("| witness |") == 2
