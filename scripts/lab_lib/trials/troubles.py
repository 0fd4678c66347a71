"""The month again, with trouble in the middle: what happens, when, and that nothing comes of it but time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from scripts.lab_lib.trials import month, office, proof
from scripts.lab_lib.trials.failover import forget_moves
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import TrialError, eventually

When = Literal["collecting", "delivering"]
COLLECTING = "SELECT count(*) FROM tickets_collection WHERE state = 'running' AND progress_done > 0"
DELIVERING = "SELECT count(*) FROM delivery_delivery WHERE phase = 'sending' AND state = 'running'"
SLOW: dict[str, dict[str, Any]] = {
    "collecting": {"latency_ms": 1200, "count": 0},
    "delivering": {"on": "sap", "latency_ms": 5000, "count": 1},
}
"""so that there is a middle to hit: customer A's system answers slowly until the trouble is over"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`strike` makes it and returns when it is made; `after` puts right what does not right itself."""

    name: str
    what: str
    when: When
    strike: Callable[[Lab], None]
    after: Callable[[Lab], None] | None = None
    before: Callable[[Lab], None] | None = None


def vpn_host_killed(lab: Lab) -> None:
    lab.machines.power_off(lab.active())


def customer_gateway(lab: Lab) -> None:
    lab.machines.power_off("a-gateway")
    lab.machines.power_on("a-gateway")


def portal_reboots(lab: Lab) -> None:
    lab.machines.reboot("portal")


def worker_killed(lab: Lab) -> None:
    """kill -9 of every process of the service, the children too; systemd starts it again."""
    lab.machines.do("worker", "systemctl kill --signal=SIGKILL --kill-whom=all proforma-worker.service")


def worker_power(lab: Lab) -> None:
    lab.machines.power_off("worker")
    lab.machines.power_on("worker")


def database_restarts(lab: Lab) -> None:
    lab.machines.do("database", "systemctl restart 'postgresql@*'")


def everything_on(lab: Lab) -> None:
    for host in ("vpn-a", "vpn-b"):
        if not lab.machines.running(host):
            lab.machines.power_on(host)


TROUBLES = (
    Trouble(
        "vpn-host-killed", "the active VPN host loses power", "collecting", vpn_host_killed, everything_on, forget_moves
    ),
    Trouble(
        "customer-gateway-restarts", "customer A's gateway loses power and comes back", "delivering", customer_gateway
    ),
    Trouble("portal-reboots", "the portal host reboots", "delivering", portal_reboots),
    Trouble("worker-killed", "the worker's processes are killed (kill -9)", "collecting", worker_killed),
    Trouble("worker-power", "the worker host loses power and comes back", "delivering", worker_power),
    Trouble("database-restarts", "the database restarts", "collecting", database_restarts),
)


def undisturbed(lab: Lab) -> Iterator[str]:
    """The first month: with tickets that have to be decided about, and nothing else in the way."""
    contract, period = prepared(lab, undecided=True)
    played = month.play(lab.office, contract, period)
    lab.report(Figure("month_undisturbed", played.seconds, f"{period}, {played.counts['collected']} tickets"))
    yield from judged(lab, played)


def disturbed(trouble: Trouble, lab: Lab) -> Iterator[str]:
    """A month with that trouble in its middle, from the start to SAP's answer."""
    contract, period = prepared(lab)
    struck: list[float] = []

    def strike(_address: str) -> None:
        eventually(lambda: lab.sql(COLLECTING if trouble.when == "collecting" else DELIVERING) != "0", 60, trouble.when)
        struck.append(time.monotonic())
        trouble.strike(lab)
        lab.customer.mend()

    if trouble.before:
        trouble.before(lab)
    lab.customer.fault(**SLOW[trouble.when])
    try:
        moment = {trouble.when: strike}
        played = month.play(lab.office, contract, period, **moment)
        took = time.monotonic() - struck[0]
    finally:
        lab.customer.mend()
        if trouble.after:
            trouble.after(lab)
    lab.report(Figure(f"trouble_{trouble.name}", took, f"{trouble.what}, while {trouble.when}: to SAP's answer"))
    yield from judged(lab, played)


def prepared(lab: Lab, *, undecided: bool = False) -> tuple[str, str]:
    """(contract, period): the next free month, with tickets at customer A's. The contract is made once a run."""
    lab.ready()
    people = lab.office
    period = lab.next_month()
    if not lab.used:
        office.people(people)
        office.customer(people, lab.endpoints)
        lab.used.append(f"LAB-{period}")
        office.contract(people, lab.used[0], period)
    lab.customer.tickets(period, undecided=undecided)
    return lab.used[0], period


def judged(lab: Lab, played: month.Played) -> Iterator[str]:
    """One document at SAP, nothing lost, the record whole."""
    yield from proof.problems(lab.facts(played))
    try:
        month.chain_is_whole(lab.office)
        lab.audit()
    except TrialError as error:
        yield str(error)
