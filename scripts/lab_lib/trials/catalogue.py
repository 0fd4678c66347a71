"""Every trial in the order of a whole run: name, what it proves, and which procedure of docs/operations.md it plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from scripts.lab_lib.trials import hardening, instances, operations, outside, private_api, rollout, troubles, vpn
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.run import Report, Trial


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    what: str
    play: Callable[[Lab], Iterable[str]]
    procedure: bool = False
    """whether a procedure of docs/operations.md has to name it"""

    def trial(self, lab: Lab) -> Trial:
        def do(report: Report) -> Iterable[str]:
            lab.report = report
            return list(self.play(lab))

        return Trial(self.name, self.what, do)


CATALOGUE = (
    Entry("tunnels", "site-to-site with certificate and with pre-shared key; source NAT", vpn.tunnels),
    Entry("isolation", "no customer reaches another, staff or more of us than its door", vpn.isolation),
    Entry("staff", "EAP-TLS and public key reach the portal's port alone", vpn.staff),
    Entry("refusals", "what is refused is counted and logged", vpn.refusals),
    Entry("state", "the tunnels' state as JSON, without names of people", vpn.state),
    Entry("rekey", "keys replaced under load", vpn.rekey),
    Entry("scans", "open ports, from the internet's, a customer's and the staff's side", outside.scanned),
    Entry("month", "a whole month by two people, from the laptop to SAP's answer", troubles.undisturbed),
    *(
        Entry(f"month-{one.name}", f"a month while {one.what}", partial(troubles.disturbed, one))
        for one in troubles.TROUBLES
    ),
    Entry("private-api", "SAP's answers through intake; a replay, a wrong password, a stranger", private_api.played),
    Entry("upgrade", "a month while a release is rolled out", operations.upgrade, procedure=True),
    Entry(
        "upgrade-refused",
        "the worker cannot run a release: the portal goes back, too",
        rollout.goes_back,
        procedure=True,
    ),
    Entry("instance", "an instance that AWS makes configures itself and serves", instances.booted),
    Entry("vpn-host-killed", "the active VPN host loses power", vpn.host_killed, procedure=True),
    Entry("takeover", "the standby takes over as planned, and gives back", operations.takeover, procedure=True),
    Entry("customer-gateway-back", "a customer's gateway that only responds is back", vpn.gateway_back),
    Entry("watchdog", "a tunnel that was refused is brought up again", vpn.watchdog),
    Entry("new-customer", "customer B is added while A's traffic flows", operations.new_customer, procedure=True),
    Entry(
        "revocation",
        "a revoked certificate is out at once, its live session too",
        operations.revocation,
        procedure=True,
    ),
    Entry("rotate", "new certificates, and no connection is dropped", operations.rotate, procedure=True),
    Entry("fail-closed", "with the tunnels down nothing leaves in clear", vpn.fail_closed),
    Entry("restore", "backup, wipe, restore: the audit chain verifies", operations.restore, procedure=True),
    Entry("doctor", "the doctor names what is wrong", operations.doctor, procedure=True),
    Entry("hardening", "lynis, OpenSCAP, systemd-analyze", hardening.audited),
    Entry("wire", "nothing crossed the internet in clear during this run", outside.wire),
)
