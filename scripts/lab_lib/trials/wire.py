"""The wire between the gateways, watched on the router: nothing but IKE and ESP in UDP may cross it."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lab_lib.trials.machines import Machines, TrialError, eventually

ROUTER = "router"
TUNNEL = "udp port 4500 or udp port 500"
INSIDE = "net 10.0.0.0/8 or net 192.168.0.0/16"
"""addresses of customers, of ours and of the staff's pool: all private"""
GATEWAYS = "(net 203.0.113.8/29 and (net 198.51.100.0/24 or net 192.0.2.0/24 or net 203.0.114.0/24))"
# a host that is off or whose charon is down makes the router or a kernel say so; such a word quotes no payload of ours
QUIET = "not (icmp[icmptype] = icmp-unreach)"
CLEAR = f"ip and not ({TUNNEL}) and {QUIET} and ({INSIDE} or {GATEWAYS}) and not src host 203.0.113.1"


@dataclass
class Watch:
    """tcpdump on every device of the router, from `start` to `stop`."""

    machines: Machines
    capture: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.capture.unlink(missing_ok=True)
        log = self.capture.with_suffix(".log")
        line = ("tcpdump", "-i", "any", "-n", "-U", "-s", "96", "-Z", "root", "-w", str(self.capture), "ip")
        self._process = self.machines.start_here(ROUTER, *line, log=log)
        eventually(lambda: "listening on" in log.read_text(), 10, "tcpdump listens on the router")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
            self._process.wait(timeout=10)

    def packets(self, expression: str) -> list[str]:
        """Those so far that fit a tcpdump expression, one line each."""
        line = ["tcpdump", "-n", "-r", str(self.capture), expression]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode and "truncated" not in done.stderr:  # the last packet may be half written
            raise TrialError(f"tcpdump: {done.stderr.strip()[-300:]}")
        return done.stdout.splitlines()

    def in_clear(self) -> list[str]:
        return self.packets(CLEAR)

    def in_tunnels(self) -> int:
        return len(self.packets("udp port 4500"))
