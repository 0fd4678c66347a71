"""Writing files so that after a crash or on a full disk the old one or the new one is there, never half of it."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from scripts.pki_lib.errors import RefusedError

TEMPORARY = ".new-"
"""how files begin that are not finished; whoever holds the lock may remove what a crash left"""


@contextlib.contextmanager
def staged(path: Path, data: bytes, mode: int, *, replace: bool) -> Iterator[Callable[[], None]]:
    """Reserve the space beside `path` and yield the function that writes `data` and puts it in place.

    Not called, nothing remains; killed before, what remains holds nothing. So a disk that is full shows before anything
    is recorded, and a certificate is recorded before it exists outside. Without `replace` a file that appeared in the
    meantime is left alone and FileExistsError raised.
    """
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            os.posix_fallocate(file.fileno(), 0, len(data))
            yield lambda: _place(file, data, Path(name), path, replace)
    finally:
        Path(name).unlink(missing_ok=True)


def write(path: Path, data: bytes, mode: int = 0o600, *, replace: bool = False) -> None:
    with staged(path, data, mode, replace=replace) as place:
        place()


def append(path: Path, line: bytes) -> None:
    """Add to a file that only ever grows, and wait until it is on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        while line:
            line = line[os.write(handle, line) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def writable(path: Path, *, replace: bool) -> None:
    """Raises RefusedError when a file cannot be made at `path`: found before anything is signed, not after."""
    if not path.parent.is_dir():
        raise RefusedError("There is no such directory.", where=str(path.parent), remedy="Make it, or name another.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise RefusedError("The directory cannot be written to.", where=str(path.parent), remedy="Name another.")
    if path.is_dir() or (path.exists() and not replace):
        remedy = "Nothing is overwritten: name another file, or move this one away."
        raise RefusedError("There is such a file already.", where=str(path), remedy=remedy)


def private(path: Path) -> bool:
    """Nobody but the owner can read or change it."""
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def _place(file: IO[bytes], data: bytes, temporary: Path, path: Path, replace: bool) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
    if replace:
        temporary.replace(path)
    else:
        path.hardlink_to(temporary)
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
