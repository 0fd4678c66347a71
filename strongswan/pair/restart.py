"""Restarts charon for new settings and waits until this host is ready again; the Ansible role calls it host by host.

Of a pair the standby goes first (`unless_active`), and the active only while the standby is ready. The active restarts
in place, the address stays: charon tells its peers that it ends, so they come back by themselves. Measured with
strongSwan at the other end: 0.5 to 1.5 s without traffic, whoever starts the tunnel. A takeover tells nobody: 0.2 s
where we start the tunnel, but 13 s and more where the customer alone does (their dead peer detection). The address is
handed over only if charon does not come back.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from strongswan.pair import charon
from strongswan.pair.asking import ask, read
from strongswan.watchdog.state import Wanted

T = TypeVar("T")
DONE, NOT_READY, REFUSED = 0, 1, 65
KNOWN_WITHIN = 15.0
"""Seconds for the pair to say what this host is, or that the other is ready: it listens for 3 s after a start."""
ANSWERS_WITHIN = 20.0
"""Less than RESTARTS of senses.py and `tunnels_lost` of decide.py: who waits here hands over before the standby would
take the address."""
TUNNELS_WITHIN = 40.0
HEARD_WITHIN = 3.0


class Host(Protocol):
    """What is done to this host and seen of it."""

    @property
    def paired(self) -> bool: ...

    def wall(self) -> float:
        """Seconds since 1970, as the state has them."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def start_pair(self) -> None: ...
    def restart(self) -> None: ...
    def state(self) -> dict[str, Any] | None:
        """The pair's; None when its daemon does not write it."""

    def answers(self) -> bool:
        """Charon does, with all connections."""

    def tunnels(self) -> int:
        """How many are up of those that this host starts: the others come when the customer pleases."""

    def release(self) -> str:
        """Hand the address over: "" or why that was not possible."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`said`: begins with `restarted` when charon was. `code`: DONE, NOT_READY or REFUSED (nothing was restarted)."""

    code: int
    said: str


def restart(host: Host, *, unless_active: bool = False, alone: bool = False) -> Outcome:
    """`alone`: without a look at the other host, as when it is down and an operator knows."""
    if not host.paired:
        return _restarted(host, active=True)
    host.start_pair()
    state = _until(host, KNOWN_WITHIN, lambda: _settled(host.state()))
    if state is None:
        return Outcome(REFUSED, "vpn-pair.service does not say what this host is. Nothing was restarted.")
    if state["role"] != "active":
        return _restarted(host, active=False)
    if unless_active:
        return Outcome(DONE, "This host is the active: left for later.")
    if not alone and not _until(host, KNOWN_WITHIN, lambda: _other_ready(host.state())):
        return Outcome(REFUSED, "The other host is not ready to stand in for this active one. Nothing was restarted.")
    return _restarted(host, active=True)


def _settled(state: dict[str, Any] | None) -> dict[str, Any] | None:
    return state if state is not None and state["role"] != "listening" else None


def _other_ready(state: dict[str, Any] | None) -> bool:
    peer = (state or {}).get("peer") or {}
    return bool(peer.get("ready") and peer["role"] == "standby" and peer["heard_ago"] < HEARD_WITHIN)


def _restarted(host: Host, *, active: bool) -> Outcome:
    before = host.tunnels() if active else 0
    host.restart()
    done = host.wall()
    if _until(host, ANSWERS_WITHIN, host.answers) is None:
        what = "restarted, but charon does not answer with all connections (journalctl -u strongswan)."
        return Outcome(NOT_READY, f"{what} {_handed_over(host) if host.paired and active else ''}".rstrip())
    if host.paired and _until(host, ANSWERS_WITHIN, lambda: _well(host.state(), done, active=active)) is None:
        return Outcome(NOT_READY, "restarted, but the pair does not say that this host is ready: see its `status`.")
    if active and _until(host, TUNNELS_WITHIN, lambda: _back(host, before)) is None:
        return Outcome(NOT_READY, f"restarted, but of {before} tunnels that we start only {host.tunnels()} are up.")
    return Outcome(DONE, "restarted, and ready.")


def _well(state: dict[str, Any] | None, since: float, *, active: bool) -> bool:
    """The pair has looked since. A standby has to be able to take over; what else an active lacks stops nothing."""
    return bool(state and state["at"] > since and state["daemon_answers"] and (active or state["ready"]))


def _back(host: Host, before: int) -> bool:
    """Also when somebody else has the address now: a standby holds no tunnel."""
    return host.tunnels() >= before or (host.paired and (host.state() or {}).get("role") == "standby")


def _handed_over(host: Host) -> str:
    problem = host.release()
    return f"The address stays here: {problem}" if problem else "The address was handed over to the other host."


def _until(host: Host, seconds: float, look: Callable[[], T]) -> T | None:
    """The first answer that is neither None nor False; None when there was none in time."""
    end = host.now() + seconds
    while True:
        if seen := look():
            return seen
        if host.now() >= end:
            return None
        host.sleep(0.25)


@dataclass(frozen=True, slots=True)
class Real:
    """This host, by systemd, charon's socket and what the pair writes. `pair_file` None: a single host."""

    socket: str
    wanted: tuple[Wanted, ...]
    pair_file: Path | None

    @property
    def paired(self) -> bool:
        return self.pair_file is not None

    def wall(self) -> float:
        return time.time()

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def start_pair(self) -> None:
        _systemctl("start", "vpn-pair")

    def restart(self) -> None:
        _systemctl("restart", "strongswan")

    def state(self) -> dict[str, Any] | None:
        return read(self.pair_file) if self.pair_file is not None else None

    def answers(self) -> bool:
        return charon.installed(self.socket, self.wanted) is not None

    def tunnels(self) -> int:
        return charon.standing(self.socket, tuple(one for one in self.wanted if one.initiate))

    def release(self) -> str:
        try:
            return str(ask(self.pair_file or Path(), {"command": "release", "force": False})["problem"])
        except (OSError, ValueError):
            return "vpn-pair.service does not answer."


def _systemctl(*words: str) -> None:
    """Whether it went well is seen by what answers afterwards."""
    subprocess.run(["systemctl", *words], check=False, timeout=60)


def real(configuration: Path) -> Real:
    """From the watchdog's configuration, which every VPN host has."""
    values = json.loads(configuration.read_text())
    pair_file = Path(values["pair_file"]) if "pair_file" in values else None
    return Real(values["socket"], tuple(Wanted(**one) for one in values["tunnels"]), pair_file)
