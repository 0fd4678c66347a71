"""The whole appliance: `./scripts/lab up && ./scripts/lab test && ./scripts/lab down`, as on a fresh machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hosts.command import needed
from tests.support.tools import missing

pytestmark = [pytest.mark.appliance, pytest.mark.lab, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "scripts" / "lab"
SECONDS = 2400
"""this whole part's share of continuous integration; a run from caches takes a fraction of it"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LAB), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def done(*arguments: str) -> str:
    """What a command says that has to succeed; all of it when it does not."""
    ended = run(*arguments)
    if ended.returncode:
        pytest.fail(f"./scripts/lab {' '.join(arguments)}: exit code {ended.returncode}\n{ended.stdout}", pytrace=False)
    return ended.stdout


@pytest.fixture(scope="module")
def lab() -> Iterator[None]:
    """Up for this module, unless somebody's lab is up already: that one is nobody's to end but theirs."""
    if os.geteuid() != 0:
        missing("The lab takes root: it makes hosts and networks.", remedy="run it as root")
    needed()
    running = [one for one, state in json.loads(run("status", "--json").stdout)["hosts"].items() if state != "absent"]
    if running:
        missing("A lab is up on this machine already.", remedy="./scripts/lab down")
    try:
        done("up")
        yield
    finally:
        done("down", "--purge")


def test_the_appliance_holds_what_it_promises(lab: None) -> None:
    print(done("test"))  # noqa: T201  the table of figures, to be read with -s or -rP
    assert run("status").returncode == 0, "after all that everything runs"


def test_a_lab_that_is_down_leaves_no_host_and_no_secret(lab: None) -> None:
    done("down", "--purge")
    said = json.loads(run("status", "--json").stdout)
    assert set(said["hosts"].values()) == {"absent"}
    assert not Path(said["state"]).exists()
