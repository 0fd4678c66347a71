"""charon is restarted host by host, the standby first; what is done when one does not come back. All of it imagined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from strongswan.pair.restart import DONE, NOT_READY, REFUSED, Outcome, restart

READY = {"role": "standby", "ready": True, "heard_ago": 0.4}


@dataclass
class Imagined:
    """A host whose charon is `down_for` seconds from a restart on, and whose tunnels need `tunnels_after` more."""

    role: str = "standby"
    paired: bool = True
    peer: dict[str, Any] | None = field(default_factory=lambda: dict(READY))
    ready: bool = True
    silent: bool = False
    down_for: float = 1.0
    tunnels_after: float = 1.0
    comes_back: int = 3
    clock: float = 100.0
    restarted_at: float | None = None
    done: list[str] = field(default_factory=list)

    def wall(self) -> float:
        return self.clock

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def start_pair(self) -> None:
        self.done.append("pair")

    def restart(self) -> None:
        self.done.append("restart")
        self.restarted_at = self.clock

    def _since(self) -> float:
        return 1e9 if self.restarted_at is None else self.clock - self.restarted_at

    def answers(self) -> bool:
        return self._since() >= self.down_for

    def tunnels(self) -> int:
        if self.role == "standby" or not self.answers():
            return 0
        return self.comes_back if self._since() >= self.down_for + self.tunnels_after else 0

    def state(self) -> dict[str, Any] | None:
        if self.silent or not self.paired:
            return None
        well = self.answers()
        return {
            "at": self.clock,
            "role": self.role,
            "daemon_answers": well,
            "ready": well and self.ready,
            "peer": self.peer,
        }

    def release(self) -> str:
        self.done.append("release")
        return ""


def test_a_single_host_just_goes_and_waits_for_its_tunnels() -> None:
    host = Imagined(role="", paired=False)
    assert restart(host, unless_active=True).code == DONE
    assert host.done == ["restart"]
    assert host.tunnels() == 3


def test_a_standby_goes_at_once_and_is_ready_before_anybody_else_goes() -> None:
    host = Imagined()
    assert restart(host, unless_active=True) == Outcome(DONE, "restarted, and ready.")
    assert host.done == ["pair", "restart"]
    assert host.clock - 100 >= host.down_for


def test_the_active_is_left_for_later_and_then_goes_in_place() -> None:
    host = Imagined(role="active")
    assert not restart(host, unless_active=True).said.startswith("restarted")
    assert restart(host) == Outcome(DONE, "restarted, and ready.")
    assert host.done == ["pair", "pair", "restart"]


@pytest.mark.parametrize("changes", [{"ready": False}, {"heard_ago": 9.0}, {"role": "active"}, {"role": "listening"}])
def test_the_active_does_not_go_without_a_standby_that_is_ready(changes: dict[str, Any]) -> None:
    host = Imagined(role="active", peer=READY | changes)
    assert restart(host).code == REFUSED
    assert "restart" not in host.done
    host.peer = None
    assert restart(host).code == REFUSED
    assert restart(host, alone=True).code == DONE, "an operator knows that the other is down"


@pytest.mark.parametrize("changes", [{"silent": True}, {"role": "listening"}])
def test_nobody_goes_who_does_not_know_what_it_is(changes: dict[str, Any]) -> None:
    host = Imagined(**changes)
    assert restart(host, alone=True).code == REFUSED
    assert host.done == ["pair"]


def test_a_standby_that_cannot_take_over_afterwards_is_a_failure() -> None:
    host = Imagined(ready=False)
    assert restart(host, unless_active=True).code == NOT_READY
    assert host.done == ["pair", "restart"], "and there is no address to hand over"


def test_an_active_whose_charon_does_not_come_back_hands_over_before_the_rules_would_move() -> None:
    host = Imagined(role="active", down_for=1e6)
    outcome = restart(host)
    assert (outcome.code, host.done[-1]) == (NOT_READY, "release")
    assert "handed over" in outcome.said
    assert host.clock - 100 < 45


def test_tunnels_that_do_not_come_back_are_told_and_the_address_stays() -> None:
    host = Imagined(role="active", tunnels_after=1e6)
    outcome = restart(host)
    assert (outcome.code, outcome.said) == (NOT_READY, "restarted, but of 3 tunnels that we start only 0 are up.")
    assert "release" not in host.done
