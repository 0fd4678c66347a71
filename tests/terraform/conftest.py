"""Terraform with its provider, on copies: nothing is initialised inside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.rehearse_lib import tools

FOLDER = Path(__file__).resolve().parent.parent.parent / "terraform"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def terraform() -> Run:
    """Runs terraform in a directory, without account and without the environment's AWS."""
    if shutil.which("terraform") is None:
        message = "terraform is missing: https://developer.hashicorp.com/terraform/install"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)

    def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [tools.terraform(), *arguments]
        return subprocess.run(command, cwd=directory, env=tools.bare(), capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """terraform/ and the site files, to work in."""
    place = tmp_path_factory.mktemp("terraform")
    ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "rehearsal")
    shutil.copytree(FOLDER, place / "terraform", ignore=ignored)
    shutil.copytree(FOLDER.parent / "strongswan/sites", place / "strongswan/sites")
    return place / "terraform"
