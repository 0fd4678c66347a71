"""Child processes that end with their parent, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def dies_with_parent(how: signal.Signals) -> Callable[[], None]:
    """A preexec_fn: the kernel sends `how` to the child when its parent is gone, kill -9 included.

    The child must be started from the main thread: the kernel watches the thread, not the process.
    """
    parent = os.getpid()

    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)
        if os.getppid() != parent:  # the parent went before the signal was armed
            os.kill(os.getpid(), how)

    return arm


def adopt_orphans() -> None:
    """Grandchildren whose parent dies become ours, so that they can be found and ended."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
    """Ask a process to end, wait `patience` seconds, then kill it. Harmless when it has ended."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, indented; "" when there is none."""
    if not log.exists():
        return ""
    return "\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])


def fail(message: str, code: int = 1) -> None:
    """Say what is wrong on standard error and leave."""
    sys.stderr.write(f"{message}\n")
    raise SystemExit(code)
