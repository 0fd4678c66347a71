"""Every trial in the order of a whole run: name, what it proves, and which commands of docs/operations.md it plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from scripts.lab_lib import commands
from scripts.lab_lib.trials import (
    failover,
    hardening,
    instances,
    looking,
    operations,
    outside,
    private_api,
    restoring,
    rollout,
    troubles,
    vpn,
)
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.operator import TAKE_OVER, VPN_PYTHON
from scripts.lab_lib.trials.run import Report, Trial

DOCTOR = "./scripts/doctor --inventory INV"
PLAYBOOK = "ansible-playbook -i INV playbooks"


@dataclass(frozen=True, slots=True)
class Entry:
    """`plays`: lines of docs/operations.md, in its words; the trial fails when one of them was not run to its end."""

    name: str
    what: str
    play: Callable[[Lab], Iterable[str]]
    plays: tuple[str, ...] = ()

    def trial(self, lab: Lab) -> Trial:
        def do(report: Report) -> Iterable[str]:
            lab.report = report
            commands.ran.clear()
            problems = list(self.play(lab))
            return [*problems, *(f"{commands.PAGE.name}: not played: {line}" for line in commands.unplayed(self.plays))]

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
    Entry(
        "upgrade",
        "a month while a release is rolled out",
        operations.upgrade,
        (
            f"{PLAYBOOK}/release.yml -e appliance_release=VERSION",
            "proforma-install verify-running",
            f"{PLAYBOOK}/rollback.yml",
        ),
    ),
    Entry(
        "upgrade-refused",
        "the worker cannot run a release: the portal goes back, too",
        rollout.goes_back,
        ("proforma-install verify-running",),
    ),
    Entry("instance", "an instance that AWS makes configures itself and serves", instances.booted),
    Entry(
        "vpn-host-killed",
        "the active VPN host loses power, later the other one, and a third one too soon",
        failover.hosts_killed,
        (DOCTOR, f"{PLAYBOOK}/appliance.yml --limit HOST", failover.FORCE),
    ),
    Entry("takeover", "the standby takes over as planned, and gives back", failover.takeover, (TAKE_OVER,)),
    Entry("customer-gateway-back", "a customer's gateway that only responds is back", vpn.gateway_back),
    Entry("watchdog", "a tunnel that was refused is brought up again", vpn.watchdog),
    Entry(
        "new-customer",
        "customer B is added while A's traffic flows",
        operations.new_customer,
        (
            ".venv/bin/python -m strongswan.render check",
            ".venv/bin/python -m strongswan.render sheet CODE",
            f"{PLAYBOOK}/customers.yml --tags configure",
            "swanctl --list-sas --child CODE",
        ),
    ),
    Entry(
        "revocation",
        "a revoked certificate is out at once, its live session too",
        operations.revocation,
        (
            f"{PLAYBOOK}/rotate_certificates.yml -e rotate_from=DIRECTORY --limit vpn,localhost",
            f"{VPN_PYTHON} -m strongswan.watchdog.revoke PERSON@DOMAIN",
        ),
    ),
    Entry(
        "rotate",
        "new certificates, and no connection is dropped",
        operations.rotate,
        (f"{PLAYBOOK}/rotate_certificates.yml -e rotate_from=DIRECTORY",),
    ),
    Entry("fail-closed", "with the tunnels down nothing leaves in clear", vpn.fail_closed),
    Entry(
        "restore",
        "backup, wipe, restore: the audit chain verifies",
        restoring.restore,
        (
            f"{PLAYBOOK}/backup.yml",
            "proforma-backup list",
            "proforma-restore --check --identity /run/backup.key",
            "proforma-restore --check --identity FILE",
            f"{PLAYBOOK}/restore.yml -e restore_identity=/media/safe/backup.key -e restore_replace=true",
            restoring.SENDS_AGAIN,
            "proforma-restore --only settings --into /run/look --no-verify --identity FILE",
        ),
    ),
    Entry(
        "doctor",
        "the doctor names what is wrong, on the host and from outside, and gives no secret away",
        looking.doctor,
        (
            f"{PLAYBOOK}/backup.yml -e backup_fetch_to=/media/away",
            DOCTOR,
            f"{DOCTOR} --out incident.tar.gz",
            "proforma-doctor --out /run/incident.tar.gz",
            "systemctl restart proforma-worker proforma-beat",
        ),
    ),
    Entry("hardening", "lynis, OpenSCAP, systemd-analyze", hardening.audited),
    Entry("wire", "nothing crossed the internet in clear during this run", outside.wire),
)
