"""Every role on systemd hosts of Debian 13 and 12: made, configured, configured again without a change, looked at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.hosts.command import needed

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in (ROOT / "ansible/molecule").glob("*/converge.yml"))

pytestmark = [pytest.mark.appliance, pytest.mark.molecule, pytest.mark.lab, pytest.mark.slow]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_roles_do_what_they_say_and_nothing_the_second_time(scenario: str) -> None:
    needed()
    environment = os.environ | {"PROFORMA_HOSTS_GROUP": f"m{os.getpid()}"}
    try:
        done = subprocess.run(
            [str(ROOT / "scripts/molecule"), "test", scenario],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=2400,
        )
    finally:
        subprocess.run([str(ROOT / "scripts/molecule"), "destroy", scenario], env=environment, capture_output=True)
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-5000:]


def test_no_role_is_left_out() -> None:
    from scripts.ansible_lib import baking

    played = {role for name in SCENARIOS for role in baking.roles_of(ROOT / "ansible/molecule" / name / "converge.yml")}
    assert {path.name for path in (ROOT / "ansible/roles").iterdir()} - played == set()
