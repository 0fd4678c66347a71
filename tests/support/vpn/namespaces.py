"""Network namespaces of one test: hosts joined by veth pairs. They are named after the process, and go with it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.support.tools import missing, tool

PREFIX = "pvpn"
NETNS = Path("/run/netns")
PROGRAMS = {
    "ip": "iproute2",
    "nft": "nftables",
    "tcpdump": "tcpdump",
    "curl": "curl",
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
}


def needed(*programs: str) -> None:
    """Skip, or fail with CI=true, where the machine cannot do it."""
    if os.geteuid() != 0:
        missing("Network namespaces need root.", remedy="run it as root")
    for program in programs:
        tool(program, package=PROGRAMS[program])
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        missing("This machine lets root make no network namespaces.", remedy="give it CAP_NET_ADMIN and CAP_SYS_ADMIN")


class Namespaces:
    """Hosts by short names; the namespace of `gw` is pvpn-<pid>-gw."""

    def __init__(self) -> None:
        self.hosts: list[str] = []

    def name(self, host: str) -> str:
        return f"{PREFIX}-{os.getpid()}-{host}"

    def add(self, *hosts: str) -> None:
        for host in hosts:
            self.hosts.append(host)
            run("ip", "netns", "add", self.name(host))
            self.batch(host, "link set lo up")
            self.sh(host, "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv4/ip_forward")

    def link(self, host: str, interface: str, other: str, other_interface: str) -> None:
        ends = [interface, "netns", self.name(host), "type", "veth"]
        run("ip", "link", "add", *ends, "peer", "name", other_interface, "netns", self.name(other))
        self.batch(host, f"link set {interface} up")
        self.batch(other, f"link set {other_interface} up")

    def batch(self, host: str, commands: str) -> None:
        """Lines of `ip` commands; a line may begin with #."""
        run("ip", "-netns", self.name(host), "-batch", "-", stdin=commands)

    def sh(self, host: str, script: str, timeout: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Output of a shell script in the host, whatever its exit code."""
        command = ["ip", "netns", "exec", self.name(host), "sh", "-c", script]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)

    def start(self, host: str, script: str, log: Path) -> subprocess.Popen[bytes]:
        """A program that stays; it ends with the namespace."""
        command = ["ip", "netns", "exec", self.name(host), "sh", "-c", script]
        with log.open("wb") as sink:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)

    def remove(self) -> None:
        for host in self.hosts:
            destroy(self.name(host))


def destroy(name: str) -> None:
    """End what runs in a namespace, by process number, and delete it."""
    listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    for pid in map(int, listed.stdout.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def sweep() -> None:
    """Remove what a killed run left behind: namespaces named after a process that is gone."""
    for path in NETNS.glob(f"{PREFIX}-*-*") if NETNS.is_dir() else ():
        pid = path.name.split("-")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            destroy(path.name)


@contextmanager
def namespaces() -> Iterator[Namespaces]:
    sweep()
    made = Namespaces()
    try:
        yield made
    finally:
        made.remove()


def run(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{shlex.join(command)}: {done.stderr or done.stdout}\n{stdin}")
    return done.stdout
