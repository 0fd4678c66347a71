"""Which VPN host is active, and that it changes when it has to: hosts lose power in turn, people ask for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from lambdas.vpn_failover.decide import Rules
from scripts.lab_lib.trials import looking, operator, vpn
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import IN, VPN_HOSTS, Lab
from scripts.lab_lib.trials.machines import TrialError, eventually
from scripts.lab_lib.trials.pulse import beating, longest_gap

SETTLE = Rules().settle
"""seconds after a move in which there is no other"""
STATUS = f"{operator.VPN_PYTHON} -m strongswan.pair status"
FORCE = f"{operator.TAKE_OVER} --force"
KEPT = "/var/lib/proforma-vpn/moves.json"


def pair(lab: Lab, host: str) -> dict[str, Any]:
    """What the host's daemon of the pair says. Raises TrialError."""
    said = lab.machines.do(host, "cat /run/proforma-vpn/pair.json")
    found: dict[str, Any] = json.loads(said)
    return found


def forget_moves(lab: Lab) -> None:
    """As if the last takeover were long ago: after three in an hour a host asks for a person.

    The daemons alone die, and go on at once as what they were, by what they find.
    """
    active, standby = lab.active(), lab.standby()
    for host in (standby, active):  # so that the standby is still listening while the active is not heard
        kept = {"epoch": pair(lab, active)["epoch"], "active": host == active, "moves": []}
        lab.machines.do(host, f"echo '{json.dumps(kept)}' > {KEPT}; systemctl kill --signal=SIGKILL vpn-pair")
    _whole(lab, time.time())
    if (now := lab.active()) != active:
        raise TrialError(f"{now} is the active: a daemon of the pair that restarts must not move anything")


def _whole(lab: Lab, since: float = 0.0) -> None:
    """Both are well, by what they wrote after `since`: a daemon that was killed leaves its last state."""

    def well(host: str) -> bool:
        return lab.machines.sh(host, STATUS).ok and pair(lab, host)["at"] > since

    for host in VPN_HOSTS:
        eventually(partial(well, host), 60, f"{host} is well", pause=0.5)


def takeover(lab: Lab) -> Iterator[str]:
    """A planned takeover, and back."""
    lab.ready()
    worst = 0.0
    first = lab.active()
    for _ in range(2):
        other = lab.standby()
        with beating(lab.to_customer(), 0.05) as pulse:
            time.sleep(0.3)
            lab.machines.do(other, operator.TAKE_OVER)
            moment = time.monotonic()
            eventually(lambda host=other: lab.holds(host), 20, f"{other} takes the service address")  # type: ignore[misc]
            pulse.back(moment, 60, f"traffic through {other}")
            time.sleep(1)
        worst = max(worst, longest_gap(pulse.beats))
        lab.ready()
    lab.report(Figure("planned_takeover", worst, "the longer of both ways"))
    if lab.active() != first:
        yield f"{lab.active()} is the active, not {first}"
    lab.dial()


def hosts_killed(lab: Lab) -> Iterator[str]:
    """The active loses power and comes back behind; later the other one does; then the first one again, too soon."""
    lab.ready()
    forget_moves(lab)
    first, second = lab.active(), lab.standby()
    try:
        lab.report(Figure("vpn_host_killed", _killed(lab, first), f"{first} off, {second} took over"))
        yield from _told(lab, first)
        yield from _back(lab, first)
        yield from _serves(lab, second)
        _settled(lab, second)
        lab.report(Figure("vpn_host_killed_later", _killed(lab, second), f"{second} off, {first} took over"))
        yield from _too_soon(lab, first, second)
        yield from _serves(lab, second)
        yield from _asks_for_a_person(lab, first, second)
    finally:
        for host in (first, second):
            if not lab.machines.running(host):
                lab.machines.power_on(host)
    forget_moves(lab)
    lab.ready()
    lab.dial()


def _settled(lab: Lab, active: str) -> None:
    eventually(lambda: pair(lab, active)["active_for"] > SETTLE, 30, f"{active} took over long enough ago", pause=0.5)


def _killed(lab: Lab, host: str, seconds: float = 60) -> float:
    """The longest time without traffic to customer A when the host loses power. It is off afterwards."""
    with beating(lab.to_customer(), 0.05) as pulse:
        time.sleep(0.5)
        lab.machines.power_off(host)
        off = time.monotonic()
        pulse.back(off, seconds, "traffic to customer A through the other VPN host")
        time.sleep(0.5)
    return longest_gap(pulse.beats)


def _told(lab: Lab, lost: str) -> Iterator[str]:
    """From outside: the host that is off is named, and the tunnels of the other are up."""
    said = looking.from_outside(lab)
    found = said.findings
    if "reach" not in {one.check for one in found.get(lost, ())}:
        yield f"the doctor does not say that {lost} cannot be reached: {said.text}"
    if tunnels := [one for host in found for one in found[host] if one.check == "tunnels"]:
        yield f"the doctor says that tunnels are down: {tunnels}"


def _back(lab: Lab, host: str) -> Iterator[str]:
    """As the page has it; as standby, and nothing moves."""
    active = lab.active()
    lab.machines.power_on(host)
    operator.playbook(lab, "appliance", limit=host, baked=True)
    _whole(lab)
    if lab.active() != active:
        yield f"{host} came back and took the service address: it flaps"


def _serves(lab: Lab, host: str) -> Iterator[str]:
    """Tunnels of customers and staff, source NAT and routes: all of it by this host."""
    if lab.active() != host:
        yield f"{lab.active()} is the active, not {host}"
    yield from (f"through {host}: {problem}" for problem in vpn.tunnels(lab))
    if IN not in lab.dial().text:
        yield f"the laptop gets no tunnel to {host}"


def _too_soon(lab: Lab, active: str, returning: str) -> Iterator[str]:
    """Lost within 20 s of its own takeover: the other, which was off when that happened, waits until they are over."""
    moved = float(pair(lab, active)["since"])
    lab.machines.power_on(returning)
    eventually(lambda: lab.machines.sh(returning, STATUS).ok, 60, f"{returning} is ready to take over", pause=0.2)
    if (late := time.time() - moved) > SETTLE - 3:
        yield f"{returning} was ready after {late:.0f} s: the rule was not put to the test on so slow a machine"
    gap = _killed(lab, active)
    waited = float(pair(lab, returning)["since"]) - moved
    lab.report(Figure("vpn_held_back", waited, f"without traffic for {gap:.1f} s, instead of flapping"))
    lab.machines.power_on(active)
    _whole(lab)


def _asks_for_a_person(lab: Lab, waits: str, active: str) -> Iterator[str]:
    """A fourth one within the hour is held back and told. The active that comes back goes on; or a person decides."""
    yield from _held_back(lab, waits, active)
    begun = time.monotonic()
    lab.machines.power_on(active)
    lab.ready(120)
    lab.report(
        Figure("vpn_goes_on", time.monotonic() - begun, f"{active} is on again, with {lab.active()} as the active")
    )
    if lab.active() != active:
        yield f"{lab.active()} took over for the fourth time within an hour, when {active} came back"
    yield from _held_back(lab, waits, active)
    lab.machines.do(waits, FORCE)
    lab.ready()
    yield from _back(lab, active)


def _held_back(lab: Lab, waits: str, active: str) -> Iterator[str]:
    """The active is off, and stays so."""
    _settled(lab, active)
    lab.machines.power_off(active)
    eventually(lambda: pair(lab, waits)["held_back"], 30, f"{waits} holds back, after three takeovers in an hour")
    time.sleep(5)
    if lab.holds(waits):
        yield f"{waits} took over for the fourth time within an hour"
    found = looking.from_outside(lab).findings
    if "A takeover is held back." not in {one.what for one in found.get(waits, ())}:
        yield f"the doctor does not tell that {waits} holds back: {found.get(waits)}"
