"""Programs of the machine, run to their end. What they say on failure goes into the error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.host_lib.errors import HostError

ENVIRONMENT = {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def attempt(*command: str, given: str | None = None, extra: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and all that was said. A program that is not there counts as 127."""
    environment = os.environ | ENVIRONMENT | dict(extra or {})
    try:
        done = subprocess.run(
            command,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            env=environment,
            umask=0o022,  # what is made for a guest has the rights that Debian gives it
        )
    except FileNotFoundError:
        return 127, f"{command[0]}: not found"
    return done.returncode, done.stdout


def run(*command: str, given: str | None = None, extra: Mapping[str, str] | None = None) -> str:
    """What the program said. Raises HostError with the end of it when it fails."""
    code, said = attempt(*command, given=given, extra=extra)
    if code:
        end = "\n".join(said.strip().splitlines()[-12:])
        remedy = "./scripts/host doctor says what this machine lacks."
        raise HostError(f"It failed (exit code {code}): {end}", where=" ".join(command[:6]), remedy=remedy)
    return said


def mounts_below(directory: Path) -> list[Path]:
    """Mount points at or below a directory, the innermost first."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        point = Path(line.split()[1].encode().decode("unicode_escape"))
        if point == directory or directory in point.parents:
            found.append(point)
    return sorted(found, key=lambda p: len(p.parts), reverse=True)


def unmount_below(directory: Path) -> None:
    for point in mounts_below(directory):
        if attempt("umount", str(point))[0]:
            run("umount", "--lazy", str(point))


def remove_tree(directory: Path) -> None:
    """Remove a directory after everything mounted in it; never reaches into another file system."""
    unmount_below(directory)
    if directory.exists():
        run("rm", "-rf", "--one-file-system", str(directory))
