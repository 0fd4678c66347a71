"""Sealed with age: whoever makes a backup holds only public keys, so a stolen host opens none of its backups."""

from __future__ import annotations

import contextlib
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from scripts.operations.errors import AbsentError, FullError, OperationError, RefusedError, UnreachableError
from scripts.operations.files import CHUNK, sync

MISSING = "age is not installed."
UNTOUCHED = "Nothing was changed."


def recipients(path: Path) -> Path:
    """The file of public keys, once it is known to hold one. Raises AbsentError, RefusedError."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
    except FileNotFoundError:
        remedy = "Make a key off this host (age-keygen), and put its public half there."
        raise AbsentError("Nobody is named for whom backups are sealed.", where=str(path), remedy=remedy) from None
    keys = [line for line in lines if line and not line.startswith("#")]
    if any(line.startswith("AGE-SECRET-KEY-") for line in keys):
        remedy = "Take it away, make a new pair elsewhere, and put only its public half (age1...) here."
        raise RefusedError("A private key lies where public ones belong.", where=str(path), remedy=remedy)
    if not keys:
        raise AbsentError("No public key is in it.", where=str(path), remedy="Write one line that begins with age1.")
    return path


@contextlib.contextmanager
def sealed(out: Path, recipients: Path) -> Iterator[IO[bytes]]:
    """Where to write what is to be sealed into `out`. Raises OperationError when it could not be."""
    with out.open("xb") as file, tempfile_lines() as said:
        process = _started(["age", "--encrypt", "--recipients-file", str(recipients)], subprocess.PIPE, file, said)
        assert process.stdin is not None  # noqa: S101 - it was asked for
        try:
            yield process.stdin
            process.stdin.close()
            code = process.wait()
        except BrokenPipeError:
            code = process.wait() or 1
        finally:
            process.kill()
            process.wait()
        if code:
            raise _failed(said, out)
    sync(out)


def seal_output(command: Sequence[str], environment: Mapping[str, str], out: Path, recipients: Path) -> str:
    """Standard output of `command`, sealed into `out`. Returns "" or what the command said when it failed."""
    with sealed(out, recipients) as into, tempfile_lines() as said:
        done = subprocess.run(command, env=environment, stdout=into, stderr=said, check=False)
        return "" if done.returncode == 0 else lines(said) or f"it ended with code {done.returncode}"


def seal_files(files: Iterable[tuple[Path, str]], out: Path, recipients: Path) -> tuple[int, int]:
    """A tar of (path, name in it), sealed into `out`. Returns how many files and bytes."""
    count = size = 0
    with sealed(out, recipients) as into, tarfile.open(fileobj=into, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path, name in files:
            tar.add(path, name, recursive=False)
            if path.is_file():
                count, size = count + 1, size + path.stat().st_size
    return count, size


@contextlib.contextmanager
def unsealed(path: Path, identity: Path) -> Iterator[IO[bytes]]:
    """What was sealed. Raises RefusedError, at the latest at the end, when it was altered or the key does not fit."""
    with tempfile_lines() as said:
        process = _started(["age", "--decrypt", "--identity", str(identity), str(path)], None, subprocess.PIPE, said)
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            yield process.stdout
            while process.stdout.read(CHUNK):
                pass
            _opened(process, said, path)
        except (OperationError, OSError, tarfile.TarError):
            _opened(process, said, path)  # whoever reads stumbles over what does not open: say the cause
            raise
        finally:
            process.kill()
            process.communicate()


def _opened(process: subprocess.Popen[bytes], said: IO[bytes], path: Path) -> None:
    """Raises RefusedError when age gave up. One that still wants to write has found nothing wrong so far."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        if process.wait(2):
            remedy = "Give the key (--identity) that one of the recipients belongs to; if it is, take another backup."
            raise RefusedError(f"It does not open: {lines(said)}", where=str(path), kept=UNTOUCHED, remedy=remedy)


@contextlib.contextmanager
def tempfile_lines() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def lines(said: IO[bytes]) -> str:
    """The last words of a program, on one line."""
    said.seek(0)
    return " ".join(said.read().decode("utf-8", "replace").split())[-600:]


def _started(command: list[str], given: int | None, to: IO[bytes] | int, said: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdin=given or subprocess.DEVNULL, stdout=to, stderr=said)
    except FileNotFoundError:
        raise UnreachableError(MISSING, remedy="apt-get install age") from None


def _failed(said: IO[bytes], out: Path) -> OperationError:
    words = lines(said)
    if "no space left" in words.lower():
        return FullError("The backup's target is full.", where=str(out.parent), remedy="Free space there.")
    return OperationError(f"It could not be sealed: {words}", where=str(out), remedy="Look at the recipients.")
