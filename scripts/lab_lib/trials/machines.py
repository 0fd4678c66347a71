"""The lab's hosts as the trials see them: commands in a host, this machine's programs in a host's network, power."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.host_lib import boot, hosts, network
from scripts.host_lib.places import Group, Place
from scripts.lab_lib import commands

NEW_NETWORK = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE = 120.0


class TrialError(Exception):
    """What was promised did not happen. The text says what, where, and what was seen instead."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and all that it wrote."""

    code: int
    text: str

    @property
    def ok(self) -> bool:
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Machines:
    """The hosts of one group by name."""

    group: Group

    def place(self, host: str) -> Place:
        return self.group.place(host)

    def running(self, host: str) -> bool:
        return boot.leader(self.place(host)) is not None

    def run(self, host: str, *command: str, given: str | None = None, seconds: float = PATIENCE) -> Said:
        """A command in the host, as root."""
        if not self.running(host):
            return Said(255, f"{host} is off")
        said = _ended([*boot.entering(self.place(host)), *command], given, seconds)
        if said.ok:
            commands.note(*command)
        return said

    def sh(self, host: str, script: str, *, seconds: float = PATIENCE) -> Said:
        return self.run(host, "bash", "-c", script, seconds=seconds)

    def do(self, host: str, script: str, *, seconds: float = PATIENCE) -> str:
        """What a script says that has to succeed. Raises TrialError."""
        said = self.sh(host, script, seconds=seconds)
        if not said.ok:
            raise TrialError(f"{host}: {script.strip()[:200]}: exit code {said.code}: {said.text.strip()[-800:]}")
        return said.text.strip()

    def here(self, host: str, *command: str, seconds: float = PATIENCE) -> Said:
        """A program of this machine in the host's network: nmap, tcpdump."""
        return _ended(["ip", "netns", "exec", self.place(host).machine, *command], None, seconds)

    def start_here(self, host: str, *command: str, log: Path) -> subprocess.Popen[bytes]:
        """The same, left running; whoever starts it ends it."""
        with log.open("wb") as file:
            line = ["ip", "netns", "exec", self.place(host).machine, *command]
            return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)

    def power_off(self, host: str) -> None:
        """As if the plug were pulled."""
        hosts.down(self.place(host), now=True)

    def power_on(self, host: str) -> None:
        """The same disk; waits until everything has started. Units that fail are told by the doctor, not here."""
        hosts.up(self.place(host), None)
        boot.wait(self.place(host))

    def reboot(self, host: str) -> None:
        """A clean one, asked for in the host; waits until it is up again."""
        before = boot.leader(self.place(host))
        self.run(host, "systemctl", "reboot")
        eventually(lambda: boot.leader(self.place(host)) not in (before, None), 60, f"{host} restarts")
        boot.wait(self.place(host))


def _ended(line: Sequence[str], given: str | None, seconds: float) -> Said:
    try:
        done = subprocess.run(
            line,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        return Said(124, f"{text}\nno end within {seconds:.0f} s")
    return Said(done.returncode, done.stdout)


@contextmanager
def network_of(place: Place) -> Iterator[None]:
    """This thread's new sockets are the host's; afterwards they are this machine's again.

    A socket stays where it was made, so a connection that was opened here keeps working.
    """
    home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(network.namespace(place), os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def _enter(handle: int) -> None:
    if LIBC.setns(handle, NEW_NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def eventually(condition: Callable[[], object], seconds: float, what: str, *, pause: float = 0.1) -> float:
    """Seconds until it is so. Raises TrialError."""
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < seconds:
        if condition():
            return passed
        time.sleep(pause)
    raise TrialError(f"not within {seconds:.0f} s: {what}")
