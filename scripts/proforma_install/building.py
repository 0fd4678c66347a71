"""A verified artifact becomes releases/VERSION: unpacked aside, with a virtual environment of its own, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from .artifact import Member, Statement, unpack
from .errors import OLD_RUNS, FullError, InstallError, ToolError
from .hooks import HookError, call
from .layout import Layout, sync
from .log import LOG

RECORD = "installed.json"
STEP_SECONDS = 900.0
_ASK = (
    "import os, sys; libc = os.confstr('CS_GNU_LIBC_VERSION').split()[1];"
    "print(*sys.version_info[:2], os.uname()[4], libc)"
)
_CLEAN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONNOUSERSITE": "1", "HOME": "/nonexistent"}
"""no PIP_* and PYTHON* of the host's: what is installed depends on the artifact alone"""


def fits_host(stated: Statement, python: str) -> None:
    """Raises ToolError when this host's Python, processor or C library is not one that the artifact was built for."""
    try:
        major, minor, machine, libc = call([python, "-I", "-c", _ASK], _CLEAN, 30).split()
    except (HookError, ValueError) as error:
        raise ToolError(
            f"This Python does not run: {error}.", where=python, remedy="Name another with --python."
        ) from error
    built = f"It was built for Python {', '.join(stated.pythons)} on {stated.machine}."
    if f"{major}.{minor}" not in stated.pythons:
        remedy = "Name one of these with --python, or build with `scripts/release build --python` for this host."
        raise ToolError(f"This host has Python {major}.{minor}. {built}", where=python, remedy=remedy)
    if machine != stated.machine:
        raise ToolError(f"This host is {machine}. {built}", remedy="Build with `scripts/release build --machine`.")
    if tuple(int(part) for part in libc.split(".")[:2]) < stated.glibc:
        needed = ".".join(map(str, stated.glibc))
        raise ToolError(f"This host's C library is {libc}; {needed} is needed.", remedy="Use Debian 12 or 13.")


def room_for(stated: Statement, layout: Layout) -> None:
    """Raises FullError before anything is written."""
    free = shutil.disk_usage(layout.root).free
    if free < stated.installed_bytes:
        missing = (stated.installed_bytes - free) / 1e6
        remedy = "Free that much (`prune` removes releases that are not needed), then run this again."
        raise FullError(f"{missing:.0f} MB too little space.", where=str(layout.root), remedy=remedy)


def build(
    artifact: BufferedReader, stated: Statement, members: tuple[Member, ...], layout: Layout, python: str
) -> Path:
    """Put the release in its place and return it. Until the last step nothing of it is seen. Raises InstallError."""
    target, staging = layout.release(stated.version), layout.staging()
    try:
        unpack(artifact, members, staging)
        _environment(_Site(staging, target, layout.lock_fds), python)
        record(staging, stated)
        os.sync()
        staging.rename(target)
        sync(layout.releases)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    LOG.info("%s is installed in %s", stated.version, target)
    return target


@dataclass(frozen=True, slots=True)
class _Site:
    """A release in the making. What a step starts keeps the lock, so that no second run builds in the same place."""

    staging: Path
    target: Path
    lock_fds: tuple[int, ...]

    def step(self, name: str, command: list[str]) -> None:
        LOG.info("%s", name)
        try:
            call(command, _CLEAN | {"TMPDIR": str(self.staging)}, STEP_SECONDS, self.lock_fds)
        except HookError as error:
            if error.full:
                remedy = "Free space (`prune` removes releases that are not needed), then run this again."
                raise FullError("The disk is full.", where=str(self.staging.parent), remedy=remedy) from error
            remedy = "The lines above say why. Mend it and run this again."
            raise InstallError(f"{name.capitalize()} failed: {error}.", kept=OLD_RUNS, remedy=remedy) from error


def _environment(site: _Site, python: str) -> None:
    """venv/ from the wheels of the artifact alone: no index, each wheel's hash checked once more by pip."""
    venv, wheels = site.staging / "venv", site.staging / "wheelhouse"
    own = str(venv / "bin/python")
    pip = [own, "-I", str(next(wheels.glob("pip-*.whl")) / "pip"), "--isolated", "install", "--quiet", "--no-index"]
    pip += ["--find-links", str(wheels), "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile"]
    pip += [
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--root-user-action",
        "ignore",
    ]
    site.step("making the environment", [python, "-I", "-m", "venv", "--without-pip", "--symlinks", str(venv)])
    site.step("installing the wheels", [*pip, "-r", str(site.staging / "requirements.txt")])
    shutil.rmtree(wheels)
    _final_paths(venv, site.staging, site.target)
    compiled = [own, "-I", "-m", "compileall", "-q", "-j", "0", "-s", str(site.staging), "-p", str(site.target)]
    site.step("compiling", [*compiled, str(site.staging / "app"), str(venv / "lib")])
    imported = f"import sys; sys.path.insert(0, {str(site.staging / 'app')!r}); import django, portal"
    site.step("importing", [own, "-I", "-c", imported])


def _final_paths(venv: Path, staging: Path, target: Path) -> None:
    """Commands in venv/bin name their Python by its path: let it be the one after the rename."""
    for path in (*(venv / "bin").iterdir(), venv / "pyvenv.cfg"):
        if path.is_file() and not path.is_symlink():
            mode, data = path.stat().st_mode, path.read_bytes()
            path.write_bytes(data.replace(bytes(staging), bytes(target)))
            path.chmod(mode)


def record(folder: Path, stated: Statement) -> None:
    """Write installed.json: what this release is, and the hash of every file of it."""
    kept: dict[str, object] = {
        "version": stated.version,
        "commit": stated.commit,
        "manifest_sha256": stated.manifest_sha256,
    }
    kept |= {"minimum": stated.minimum, "signed_by": list(stated.signers)}
    (folder / RECORD).write_text(json.dumps({**kept, "files": dict(hashes(folder))}, indent=0, sort_keys=True))


def hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of every file below, ("-> target") of links; without the record itself."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            yield name, f"-> {path.readlink()}"
        elif path.is_file() and name != RECORD:
            with path.open("rb") as file:
                yield name, hashlib.file_digest(file, "sha256").hexdigest()
