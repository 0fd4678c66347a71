"""Programs that some tests need: there, skipped loudly, or (with CI=true) a failure."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(*names: str, package: str) -> str:
    """The path of the first of `names` that is installed; otherwise the test is skipped, or fails where CI=true."""
    for name in names:
        if path := shutil.which(name):
            return path
    missing(f"{' or '.join(names)} is not installed.", remedy=f"apt-get install --no-install-recommends {package}")
    raise AssertionError("missing() has left")


def missing(what: str, *, remedy: str) -> None:
    """Skip the test that lacks something, saying how to get it; fail it where CI=true."""
    message = f"{what} To run this test: {remedy} (./scripts/setup --dev does all of it)"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
