"""Wheels for a host's Python, each checked against the hashes that app/requirements-dev.txt pins."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.lab_lib.errors import LabError
from scripts.lab_lib.places import ROOT
from scripts.release_lib.wheels import pins, platforms

PINS = ROOT / "app/requirements-dev.txt"
PYTHON = "3.13"
"""of Debian 13"""
WANTED = {"aws": ("moto[server]", "awslambdaric"), "systems": ("flask", "waitress", "requests", "lxml")}


def key(layer: str) -> str:
    """What makes another set of wheels."""
    return hashlib.sha256(f"{WANTED.get(layer)}{PYTHON}".encode() + PINS.read_bytes()).hexdigest()


def collect(layer: str, into: Path, machine: str = "x86_64") -> Path:
    """The directory with the wheels and those they need. Raises LabError."""
    into.mkdir(parents=True, exist_ok=True)
    text = PINS.read_text()
    constraints = into / "constraints.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins(text).items()))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(into), "--only-binary", ":all:"]
    command += ["--implementation", "cp", "--python-version", PYTHON, "--constraint", str(constraints)]
    command += [word for tag in platforms(machine) for word in ("--platform", tag)]
    _run([*command, *WANTED[layer]])
    constraints.unlink()
    _checked(into.glob("*"), set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text)))
    return into


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        remedy = "Is the package index reached? Without it a layer cannot be made."
        raise LabError(f"pip: {done.stderr.strip()[-600:]}", where="wheels of the lab", remedy=remedy)


def _checked(found: Iterable[Path], pinned: set[str]) -> None:
    for path in sorted(found):
        if hashlib.sha256(path.read_bytes()).hexdigest() not in pinned:
            raise LabError("This wheel is not the one that is pinned.", where=path.name, remedy=f"Look at {PINS.name}.")
