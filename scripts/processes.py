"""Child processes that end with their parent, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


class ChildEndedError(Exception):
    """A child that had to stay has ended; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ends_with: signal.Signals


class Family:
    """The children of one supervisor, started from its main thread and ended in the opposite order."""

    def __init__(self, logs: Path, environment: Mapping[str, str], directory: Path) -> None:
        self._logs, self._environment, self._directory = logs, dict(environment), directory
        self._children: list[Child] = []
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what a killed child leaves behind becomes ours

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        pass_fds: Sequence[int] = (),
        ends_with: signal.Signals = signal.SIGTERM,
        extra: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a child that has to stay, with `extra` in its environment alone; what it says goes to NAME.log."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = self._spawn(command, ends_with, stdout=output, stderr=output, pass_fds=pass_fds, extra=extra)
        self._children.append(Child(name, process, log, ends_with))
        return self._children[-1]

    def run(self, command: Sequence[str], extra: Mapping[str, str] | None = None) -> int:
        """Run a command to its end on our own terminal, with `extra` in its environment alone.

        Raises ChildEndedError when a child that had to stay ends first.
        """
        process = self._spawn(command, extra=extra)
        try:
            while process.poll() is None:
                self.check()
                time.sleep(0.1)
        finally:
            end(process)
        return process.returncode

    def check(self) -> None:
        """Raises ChildEndedError when one of those that had to stay has ended."""
        for child in self._children:
            if (code := child.process.poll()) is not None:
                raise ChildEndedError(
                    f"The {child.name} has ended (exit code {code}). Its last words:\n{tail(child.log)}"
                )

    def kill(self, child: Child) -> None:
        """SIGKILL to a child and all that it has started, as when the power fails. It has to stay no more."""
        self._children.remove(child)
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def close(self) -> None:
        """End all children, last started first. Harmless when called twice."""
        while self._children:
            child = self._children.pop()
            end(child.process, child.ends_with)

    def _spawn(
        self,
        command: Sequence[str],
        ends_with: signal.Signals = signal.SIGTERM,
        *,
        stdout: int | object | None = None,
        stderr: int | object | None = None,
        pass_fds: Sequence[int] = (),
        extra: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,  # type: ignore[arg-type]
            stderr=stderr,  # type: ignore[arg-type]
            env=self._environment | dict(extra or {}),
            cwd=self._directory,
            pass_fds=pass_fds,
            start_new_session=True,  # Ctrl-C is for the supervisor alone, which ends the others in order
            preexec_fn=dies_with_parent(ends_with),
        )


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


def forks_die_with_us() -> None:
    """From now on the kernel kills what this process forks when this process is gone: a leash is lost by forking.

    Fork from the main thread only: the kernel watches the thread that forked.
    """
    parent = 0

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    os.register_at_fork(before=remember, after_in_child=arm)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
    """Ask a process to end, wait `patience` seconds, then kill its whole group. Harmless when it has ended."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, indented; "" when there is none."""
    if not log.exists():
        return ""
    return "\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])


def children() -> list[int]:
    """Process ids of our direct children, adopted ones included."""
    threads = Path("/proc/self/task").iterdir()
    return [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]


def end_adopted() -> None:
    """End what killed children have left behind. The last thing a supervisor does: nothing else may still be needed."""
    for how, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 1.0)):
        until = time.monotonic() + patience
        for pid in children():
            os.kill(pid, how)
        while children() and time.monotonic() < until:
            _reap()
            time.sleep(0.05)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
