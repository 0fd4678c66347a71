"""Each role's own files/image.checks, which Packer asks of images: true of the scenario's configured hosts, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
ROLES = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "roles"


def checks() -> Iterator[Any]:
    """(command) of each line, under its role and what is wrong when it fails."""
    plays = yaml.safe_load((SCENARIO / "converge.yml").read_text())
    named = (one if isinstance(one, str) else one["role"] for play in plays for one in play.get("roles", ()))
    for role in dict.fromkeys(named):
        for line in (ROLES / role / "files/image.checks").read_text().splitlines():
            if not line.startswith("#"):
                wrong, _, command = line.partition(" :: ")
                yield pytest.param(command, id=f"{role}: {wrong}")


@pytest.mark.parametrize("command", checks())
def test_what_an_image_has_of_a_role_holds(host: Any, command: str) -> None:
    done = host.run("sh -c %s", command)
    assert done.rc == 0, done.stdout + done.stderr
