"""./scripts/host as people run it, and what it leaves on the machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.host_lib import doctor
from tests.support.tools import missing

ROOT = Path(__file__).resolve().parents[3]
HOST = ROOT / "scripts" / "host"


def needed() -> None:
    """Skip what this machine cannot do, loudly; with CI=true only a kernel that cannot is an excuse."""
    for one in doctor.lacking():
        if one.kind == "kernel":
            pytest.skip(f"No hosts on this machine: {one.what}: {one.detail}. {one.remedy}")
        missing(f"No hosts on this machine: {one.what}: {one.detail}.", remedy=one.remedy)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The command, for one group. `cache`: another place for bases than the machine's, without any host on them."""

    group: str
    cache: Path | None = None

    def environment(self) -> dict[str, str]:
        own = {}
        if self.cache:
            own = {"PROFORMA_HOSTS_CACHE": str(self.cache), "PROFORMA_HOSTS_STATE": str(self.cache / "state")}
        return os.environ | {"PROFORMA_HOSTS_GROUP": self.group} | own

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(HOST), *arguments], env=self.environment(), capture_output=True, text=True, check=False, timeout=600
        )

    def do(self, *arguments: str) -> str:
        """Standard output of a command that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def inside(self, name: str, script: str) -> subprocess.CompletedProcess[str]:
        return self.run("exec", name, "--", "sh", "-c", script)

    def killed(self, when: Callable[[], object], *arguments: str) -> None:
        """Start a command and kill it, not to be caught, as soon as `when` is true."""
        process = subprocess.Popen([str(HOST), *arguments], env=self.environment(), stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while not when() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.001)
        process.kill()
        assert process.wait() == -9, "it had ended before it could be killed"

    def traces(self) -> list[str]:
        """Everything of the group that the machine knows of."""
        sources = {
            "mount": Path("/proc/self/mounts").read_text().splitlines(),
            "namespace": _said("ip", "netns", "list"),
            "device": _said("ip", "-details", "link", "show"),
            "control group": [str(path) for path in Path("/sys/fs/cgroup").glob("*/hs.*")],
            "process": _said("ps", "-ww", "-eo", "pid,args"),
            "firewall": _said("nft", "list", "tables"),
        }
        marks = [f"hs.{self.group}.", f"/{self.group}/", f"proforma-hosts:{self.group}"]
        marks += [f"{self.cache}/"] if self.cache else []
        table = f" hs_{self.group.replace('-', '_')}"
        return [
            f"{kind}: {line}"
            for kind, lines in sources.items()
            for line in lines
            if line.endswith(table) or any(mark in line for mark in marks)
        ]


def _said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
