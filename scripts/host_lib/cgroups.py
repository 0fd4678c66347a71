"""A control group per host: what holds its processes, and what ends them all at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.host_lib.errors import HostError, MachineError

_MOUNT = Path("/sys/fs/cgroup")
_PATIENCE = 60.0  # seconds; a busy machine kills slowly


def hierarchies() -> tuple[Path, ...]:
    """The unified hierarchy first, then systemd's own where the machine has both. Raises MachineError."""
    if (_MOUNT / "cgroup.controllers").exists():
        return (_MOUNT,)
    if (_MOUNT / "unified/cgroup.procs").exists():
        return tuple(p for p in (_MOUNT / "unified", _MOUNT / "systemd") if (p / "cgroup.procs").exists())
    remedy = "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
    raise MachineError("There is no unified hierarchy of control groups.", where=str(_MOUNT), remedy=remedy)


def make(name: str) -> list[Path]:
    made = [hierarchy / name for hierarchy in hierarchies()]
    for path in made:
        path.mkdir(exist_ok=True)
    return made


def processes(name: str) -> Iterator[int]:
    """Of the host and everything in it; one that has just ended may still be among them."""
    top = hierarchies()[0] / name
    for path in (top, *_below(top)):
        try:
            yield from (int(pid) for pid in (path / "cgroup.procs").read_text().split() if pid != "0")
        except OSError:  # that part of the host ended between listing and reading
            continue


def end(name: str) -> None:
    """Kill everything in it and remove it. Harmless when it is not there. Raises HostError."""
    top = hierarchies()[0] / name
    until = time.monotonic() + _PATIENCE
    while list(processes(name)):
        (top / "cgroup.kill").write_text("1")
        if time.monotonic() > until:
            raise HostError("Its processes do not end.", where=str(top), remedy="Look at them with ps, then try again.")
        time.sleep(0.02)
    for hierarchy in hierarchies():
        _remove(hierarchy / name, until)


def names(prefix: str) -> list[str]:
    return sorted({path.name for top in hierarchies() for path in top.glob(f"{prefix}*") if path.is_dir()})


def join(name: str) -> None:
    """Put this process among the host's, so that it ends with the host. The host's root is the group `payload`."""
    top = hierarchies()[0] / name
    inner = top / "payload"
    home = (inner if inner.is_dir() else top) / "host-exec"
    home.mkdir(exist_ok=True)
    (home / "cgroup.procs").write_text(str(os.getpid()))


def _remove(top: Path, until: float) -> None:
    """A killed process leaves its group a moment after it is gone from the list."""
    while top.exists():
        try:
            for path in (*_below(top), top):
                path.rmdir()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _below(top: Path) -> list[Path]:
    """Every group in it, the innermost first."""
    return [Path(folder) for folder, _, _ in os.walk(top, topdown=False) if Path(folder) != top]
