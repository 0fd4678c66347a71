"""The wheelhouse: a wheel of every pinned package for each Python of the hosts, as the index has it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from scripts.release_lib.errors import CheckoutError, WheelError

GLIBC = (2, 36)
"""Debian 12's; Debian 13's is newer"""
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """The hosts: Python versions such as "3.13", and the processor as `uname -m` has it."""

    pythons: tuple[str, ...]
    machine: str


def pins(text: str) -> dict[str, str]:
    """Version by normalised name, of a requirements.txt with exact versions."""
    return {normal(name): version for name, version in _PIN.findall(text)}


def normal(name: str) -> str:
    """As the index spells names: lower case, with single hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def builder_has(wanted: dict[str, str]) -> None:
    """Static files are collected with what is installed here: it has to be what is pinned. Raises CheckoutError."""
    here = {normal(d.metadata["Name"]): d.version for d in metadata.distributions()}
    other = [
        f"{name} {here.get(name, 'missing')} instead of {pin}" for name, pin in wanted.items() if here.get(name) != pin
    ]
    if other:
        remedy = "Bring this machine's .venv up to date: ./scripts/setup."
        raise CheckoutError(
            "Other packages are installed here than are pinned.", where="; ".join(other[:3]), remedy=remedy
        )


def fetch(requirements: Sequence[Path], target: Target, into: Path, source: Path | None = None) -> None:
    """Fill `into`; from the directory `source` instead of an index when given. Hashes are checked either way."""
    into.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="proforma-") as scratch, ThreadPoolExecutor(len(target.pythons)) as pool:
        folders = [Path(scratch) / python for python in target.pythons]
        jobs = zip(folders, target.pythons, strict=True)
        list(pool.map(lambda job: _download(requirements, job[1], target.machine, job[0], source), jobs))
        for wheel in sorted(path for folder in folders for path in folder.iterdir()):
            shutil.copyfile(wheel, into / wheel.name)


def _download(requirements: Sequence[Path], python: str, machine: str, into: Path, source: Path | None) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(into)]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", python, *(word for tag in platforms(machine) for word in ("--platform", tag))]
    command += ["--no-index", "--find-links", str(source)] if source else []
    command += [word for path in requirements for word in ("-r", str(path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no message"]
        remedy = "Pin versions that have wheels for it (./scripts/pin), or leave that Python out."
        raise WheelError(f"pip: {' '.join(reasons)[:500]}", where=f"Python {python}, {machine}", remedy=remedy)


def platforms(machine: str) -> list[str]:
    """Tags of wheels that run on Debian 12 and later."""
    return [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC[1], 16, -1)] + [f"manylinux2014_{machine}"]
