"""The wire between our VPN hosts and the internet, watched on the router: they may send IKE and ESP in UDP alone."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lab_lib.trials.machines import Machines, TrialError, eventually

ROUTER, SIDE = "router", "wan"
"""where our VPN hosts meet the internet"""
TUNNEL = "udp port 4500 or udp port 500"
INSIDE = "net 10.0.0.0/8 or net 192.168.0.0/16"
"""addresses of customers, of ours and of the staff's pool: all private"""
OTHERS = "net 198.51.100.0/24 or net 192.0.2.0/24 or net 203.0.114.0/24"
"""customers' gateways and the laptop's router"""
# while charon is down, the kernel tells a gateway that asks for it that nobody listens; that quotes no payload of ours
NOBODY_LISTENS = "icmp[icmptype] = icmp-unreach and src net 203.0.113.0/24"
CLEAR = f"ip and not ({TUNNEL}) and not ({NOBODY_LISTENS}) and ({INSIDE} or {OTHERS})"


@dataclass
class Watch:
    """tcpdump of what our VPN hosts send to the internet, from `start` to `stop`."""

    machines: Machines
    capture: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.capture.unlink(missing_ok=True)
        log = self.capture.with_suffix(".log")
        line = ("tcpdump", "-i", SIDE, "-Q", "in", "-n", "-U", "-s", "96", "-Z", "root", "-w", str(self.capture), "ip")
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
