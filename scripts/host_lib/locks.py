"""One at a time per host, base or group; the system gives a lock back when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.host_lib.errors import BusyError


@contextlib.contextmanager
def held(path: Path, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock file. Raises BusyError after `patience` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    until = time.monotonic() + patience
    while True:
        with path.open("a") as file:
            _take(file.fileno(), path, until)
            if _is_still(path, os.fstat(file.fileno())):  # its last holder may have removed it
                yield
                return


def _is_still(path: Path, taken: os.stat_result) -> bool:
    return path.exists() and path.stat().st_ino == taken.st_ino


def _take(file: int, path: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                remedy = "Wait until the other command has ended, then start this one again."
                raise BusyError("Another command is at work here.", where=str(path), remedy=remedy) from None
            time.sleep(0.1)
