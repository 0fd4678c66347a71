"""systemd in a container of its own: started, found, entered, powered off.

A shell in the host's control group runs systemd-nspawn again whenever it leaves with 133, which is a guest's reboot. So
no process of ours has to stay, and ending the group ends everything.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.host_lib import cgroups, network
from scripts.host_lib.errors import AbsentError, HostError
from scripts.host_lib.places import Place
from scripts.host_lib.shell import attempt, remove_tree

BOOT_SECONDS = 90.0
_OFF_SECONDS = 20.0
_LOOP = """
for group in $GROUPS_OF_HOST; do echo $$ >"$group/cgroup.procs" || exit 70; done
while :; do
    systemd-nspawn "$@"
    code=$?
    [ $code = 133 ] || exit $code
done
"""
_NSPAWN_STATE = ("propagate", "unix-export")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POWER_OFF = signal.SIGRTMIN + 4
"""what systemd as pid 1 understands as `systemctl poweroff`"""


def start(place: Place) -> None:
    """Start booting."""
    groups = cgroups.make(place.machine)
    environment = {
        "PATH": os.environ.get("PATH", _PATH),
        "GROUPS_OF_HOST": " ".join(map(str, groups)),
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
        "UNIFIED_CGROUP_HIERARCHY": "1",
    }
    with place.console.open("ab") as console:
        loop = subprocess.Popen(
            ["sh", "-c", _LOOP, "host", *_options(place)],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    while loop.poll() is None and loop.pid not in cgroups.processes(place.machine):
        time.sleep(0.005)  # from here on, an empty group means that the host has ended


def _options(place: Place) -> Iterator[str]:
    yield from ("--quiet", "--boot", f"--directory={place.root}", f"--machine={place.machine}")
    yield from (f"--hostname={place.name}", f"--network-namespace-path={network.namespace(place)}")
    # this machine has no machined to ask, and the control group is the host's own
    yield from ("--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", "--link-journal=no")
    yield from ("--capability=CAP_NET_ADMIN", "--console=pipe")


def leader(place: Place) -> int | None:
    """The process id, as this machine counts, of the host's pid 1."""
    return next((pid for pid in cgroups.processes(place.machine) if _is_first(pid)), None)


def _is_first(pid: int) -> bool:
    """First in a process namespace directly below ours."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    numbers = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return len(numbers) == 2 and numbers[1] == "1"


def wait(place: Place, seconds: float = BOOT_SECONDS) -> list[str]:
    """Wait until systemd has started everything. Returns the units that failed. Raises HostError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state = said(place, "systemctl", "is-system-running")
        if state in ("running", "degraded"):
            failed = "--plain", "--no-legend", "--failed", "list-units"
            return [line.split()[0] for line in said(place, "systemctl", *failed).splitlines()]
        if not list(cgroups.processes(place.machine)):
            break
        time.sleep(0.1)
    raise HostError(
        f"The host {place.name} did not come up within {seconds:.0f} s:\n{console_end(place)}",
        where=str(place.console),
        remedy="If its pid 1 ended without a word, there may be too many hosts: ./scripts/host doctor.",
    )


def said(place: Place, *command: str) -> str:
    """What a short command in the host says; "" while it cannot be entered."""
    pid = leader(place)
    return attempt(*_entering(pid), *command)[1].strip() if pid else ""


def entering(place: Place) -> list[str]:
    """The front of a command line that runs in the host, as root, with a clean environment. Raises AbsentError."""
    if (pid := leader(place)) is None:
        remedy = f"./scripts/host up {place.name}"
        raise AbsentError(f"The host {place.name} is not running.", where=place.group.name, remedy=remedy)
    return _entering(pid)


def _entering(pid: int) -> list[str]:
    spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")
    terminal = os.environ.get("TERM", "dumb")
    variables = (f"PATH={_PATH}", "HOME=/root", "USER=root", "SHELL=/bin/bash", "LANG=C.UTF-8", f"TERM={terminal}")
    return ["nsenter", f"--target={pid}", *spaces, "--", "env", "--ignore-environment", *variables]


def become(place: Place, command: Sequence[str]) -> None:
    """Become that command in the host. It ends with the host. Only returns by an error."""
    line = [*entering(place), *command]
    cgroups.join(place.machine)
    os.execvp(line[0], line)  # noqa: S606  no shell is wanted


def power_off(place: Place) -> bool:
    """Ask systemd to shut down; whether it did in time."""
    if (pid := leader(place)) is None:
        return True
    os.kill(pid, _POWER_OFF)
    until = time.monotonic() + _OFF_SECONDS
    while leader(place) is not None and time.monotonic() < until:
        time.sleep(0.05)
    return leader(place) is None


def forget(machine: str) -> None:
    """Remove what a killed systemd-nspawn leaves."""
    for kind in _NSPAWN_STATE:
        remove_tree(Path("/run/systemd/nspawn") / kind / machine)


def console_end(place: Place, lines: int = 15) -> str:
    if not place.console.exists():
        return ""
    return "\n".join(f"  | {line}" for line in place.console.read_text(errors="replace").splitlines()[-lines:])
