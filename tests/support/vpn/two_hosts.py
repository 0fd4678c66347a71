"""Both hosts of a VPN pair on one wire, without hosts: an hour of theirs in a moment, and what a beat looks like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lambdas.vpn_failover.decide import Rules
from strongswan.pair.machine import Machine, Order, Role
from strongswan.pair.senses import Own
from strongswan.pair.wire import Beat

RULES = Rules()
STOPS_WITHIN = 10.0
"""TimeoutStopSec of strongswan.service."""
SEEN_AFTER = 0.5
"""Seconds after which a host knows of its links, its witness and its charon."""


@dataclass
class Site:
    """One host and what surrounds it. `on`: powered. wan, inner: its links; the witness is beyond `wan`. `forwards`:
    the switch at `inner`, when it has a carrier."""

    machine: Machine
    on: bool = True
    wan: bool = True
    inner: bool = True
    router: bool = True
    charon: bool = True
    forwards: bool = True
    seen: list[Own] = field(default_factory=list)

    def own(self) -> Own:
        """Half a second old."""
        return self.seen[0]

    def look(self) -> None:
        now = Own(self.charon, 1, self.router and self.wan, self.wan and self.inner)
        self.seen = [*self.seen, now][-round(SEEN_AFTER * 10) - 1 :]


def machine(name: str, **changes: object) -> Machine:
    """Without tunnels that are expected: what moves here, moves for other reasons."""
    values: dict[str, object] = {"preferred": name == "a", "configuration": "c", "tunnels": 0, "rules": RULES}
    return Machine(name=name, started=0.0, **{**values, **changes})  # type: ignore[arg-type]


@dataclass
class Two:
    """The pair in steps of a tenth of a second; a beat every half. `moved`: (time, host, order)."""

    a: Site = field(default_factory=lambda: Site(machine("a")))
    b: Site = field(default_factory=lambda: Site(machine("b")))
    tenth: int = 0
    moved: list[tuple[float, str, Order]] = field(default_factory=list)
    shared: float = 0.0
    vacant: float = 0.0

    @property
    def now(self) -> float:
        return self.tenth / 10

    def run(self, seconds: float) -> list[str]:
        """The orders of these seconds, as `b takes`; `shared` and `vacant` count who claims the address in them."""
        begun, self.shared, self.vacant = len(self.moved), 0.0, 0.0
        for _ in range(round(seconds * 10)):
            self._step()
            self.shared += 0.1 * (len(self.claims()) == 2)
            self.vacant += 0.1 * (not self.active())
        return [f"{name} {order.value}s" for _, name, order in self.moved[begun:]]

    def _step(self) -> None:
        self.tenth += 1
        for me, other in ((self.a, self.b), (self.b, self.a)):
            me.look()
            if self.tenth % 5 == 0 and all((me.on, other.on, me.inner, other.inner, me.forwards, other.forwards)):
                other.machine.hear(me.machine.beat(self.now, me.own()), self.now)
        for me in self.living():
            order = me.machine.step(self.now, me.own())
            if order is not Order.NOTHING:
                self.moved.append((self.now, me.machine.name, order))

    def living(self) -> Iterable[Site]:
        return [one for one in (self.a, self.b) if one.on]

    def active(self) -> list[str]:
        return [one.machine.name for one in self.living() if one.machine.role is Role.ACTIVE]

    def claims(self) -> list[str]:
        """Who tells its neighbours that the address is here."""
        return [
            one.machine.name
            for one in self.living()
            if one.machine.role is Role.ACTIVE and one.machine.whole(self.now, one.own())
        ]

    def off(self, one: Site) -> None:
        one.on = False

    def on(self, one: Site) -> None:
        one.on, one.seen = True, []
        one.machine = replace(
            machine(one.machine.name), rules=one.machine.rules, started=self.now, moves=one.machine.moves
        )


def beat(**changes: object) -> Beat:
    values = {
        "name": "a",
        "role": "active",
        "epoch": 1,
        "ready": True,
        "preferred": True,
        "released": False,
        "wanted": False,
        "installed": 2,
        "active_for": 10.0,
        "by_silence": True,
        "configuration": "c",
    }
    return Beat(**{**values, **changes})  # type: ignore[arg-type]
