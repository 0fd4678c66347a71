"""Commands and files in a host under audit. What is put there goes to /run, and is gone when the audit ends."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.host_lib import boot
from scripts.host_lib.errors import HostError
from scripts.host_lib.places import Place

FOLDER = "/run/proforma-audit"
_SECONDS = 900


def said(place: Place, *command: str, codes: tuple[int, ...] = (0,)) -> str:
    """Standard output of a command in the host. Raises HostError for an exit code that is not expected."""
    line = [*boot.entering(place), *command]
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False, timeout=_SECONDS)
    if done.returncode not in codes:
        end = (done.stdout + done.stderr).strip()[-800:]
        remedy = f"./scripts/host shell {place.name} and try it there."
        raise HostError(f"It failed ({done.returncode}): {end}", where=" ".join(command[:3]), remedy=remedy)
    return done.stdout


def text(place: Place, path: str) -> str:
    return said(place, "cat", path)


@contextlib.contextmanager
def put(place: Place, *sources: Path) -> Iterator[str]:
    """Copies of files or trees in the host's FOLDER, for the time of an audit."""
    said(place, "mkdir", "-p", "-m", "700", FOLDER)
    try:
        for source in sources:
            _send(place, source)
        yield FOLDER
    finally:
        said(place, "rm", "-rf", FOLDER)


def _send(place: Place, source: Path) -> None:
    packing = subprocess.Popen(["tar", "-C", str(source.parent), "-c", source.name], stdout=subprocess.PIPE)
    unpack = [*boot.entering(place), "tar", "-C", FOLDER, "-x", "--no-same-owner"]
    done = subprocess.run(unpack, stdin=packing.stdout, capture_output=True, check=False)
    if packing.wait() or done.returncode:
        remedy = "Is its /run full?"
        raise HostError(f"{source.name} was not copied: {done.stderr.decode()}", where=place.name, remedy=remedy)


def has(place: Place, program: str) -> bool:
    return bool(said(place, "sh", "-c", f"command -v {program}", codes=(0, 127, 1)).strip())


__all__ = ["FOLDER", "has", "put", "said", "text"]
