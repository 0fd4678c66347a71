"""ansible-lint, production profile: nothing is fetched for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


def test_ansible_lint_has_nothing_to_say() -> None:
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_CONFIG": "ansible.cfg"}
    command = [str(BIN / "ansible-lint"), "--offline", "--strict", "-c", ".ansible-lint", "--nocolor"]
    done = subprocess.run(
        command, cwd=ROOT / "ansible", env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
