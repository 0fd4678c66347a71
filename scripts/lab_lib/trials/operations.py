"""The procedures of docs/operations.md, played on the running lab by the same playbooks and commands."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator

from scripts.lab_lib.trials import month, operator, troubles
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import IN, METHODS, PORTAL_ADDRESS, Lab
from scripts.lab_lib.trials.machines import TrialError, eventually
from scripts.lab_lib.trials.pulse import Probe, beating, longest_gap

NOTICED = 2.0
"""seconds; less may be this machine's own business"""
CHAIN = re.compile(r"(\d+) audit entries and (\d+) documents")


def upgrade(lab: Lab) -> Iterator[str]:
    """A release is rolled out while a month is collected; staff keep asking for a page all the time."""
    before = lab.release()
    version = operator.another_release(lab, before)
    page = _page(lab, "/sign-in")
    gaps: list[float] = []

    def roll_out(lab: Lab) -> None:
        with beating(page, 0.05) as pulse:
            begun = time.monotonic()
            operator.playbook(lab, "release", appliance_release=version)
            lab.report(Figure("release_seconds", time.monotonic() - begun, f"{before} to {version}"))
        gaps.append(longest_gap(pulse.beats))

    trouble = troubles.Trouble("release", "a release is rolled out", "collecting", roll_out)
    yield from troubles.disturbed(trouble, lab)
    lab.report(Figure("release_gap", gaps[0], "asked 20 times a second, from the laptop"))
    if lab.release() != version:
        yield f"{lab.release()} runs instead of {version}"
    for host in ("portal", "worker"):
        said = lab.machines.run(host, "proforma-install", "verify-running")
        if not said.ok:
            yield f"{host}: {said.text.strip()[-300:]}"
    operator.playbook(lab, "rollback")
    if lab.release() != before:
        yield f"after the rollback {lab.release()} runs instead of {before}"
    lab.audit()


def _page(lab: Lab, path: str) -> Probe:
    """Whether a page comes within two seconds."""
    browser = lab.office.anybody()

    def probe() -> bool:
        return browser.answers(path)

    return probe


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


def new_customer(lab: Lab) -> Iterator[str]:
    """Customer B's site file is added while A's traffic flows; then the first tunnel."""
    lab.ready()
    kept = lab.sites / "example-b.yml"
    aside = lab.state / "example-b.yml"
    shutil.move(kept, aside)
    try:
        operator.playbook(lab, "customers", tags="configure")
        eventually(lambda: not lab.installed("example-b"), 20, "customer B is gone")
        with beating(lab.to_customer()) as pulse:
            shutil.move(aside, kept)
            begun = time.monotonic()
            operator.playbook(lab, "customers", tags="configure")
            eventually(lambda: lab.installed("example-b"), 60, "the first tunnel to customer B")
            lab.report(Figure("new_customer", time.monotonic() - begun, "playbook and tunnel"))
    finally:
        if aside.exists():
            shutil.move(aside, kept)
    if (gap := longest_gap(pulse.beats)) > NOTICED:
        yield f"customer A had no traffic for {gap:.1f} s meanwhile"
    said = lab.machines.sh("worker", "timeout 3 bash -c '</dev/tcp/10.50.60.8/3128' && echo reached").text
    if "reached" not in said:
        yield "the probe target of customer B's site file is not reached"


def revocation(lab: Lab) -> Iterator[str]:
    """A member of staff leaves: the live session ends at once, and nobody else's."""
    lab.ready()
    eve = operator.stranger()
    operator.staff_member(lab, eve)
    if IN not in lab.dial(eve).text or not _inside(lab):
        yield f"{eve} does not get in before the certificate is revoked"
        return
    begun = time.monotonic()
    operator.revoke(lab, eve)
    lab.report(Figure("revocation", time.monotonic() - begun, "list to both VPN hosts, live session ended"))
    if _inside(lab):
        yield f"{eve}'s live session goes on"
    yield from (f"{eve} gets in again by {how}" for how in METHODS if IN in lab.dial(eve, how).text)
    yield from (f"{name} does not get in any more" for name in ("ben", "anna") if IN not in lab.dial(name).text)
    if not lab.installed("example-a"):
        yield "customer A's tunnel was ended too"


def _inside(lab: Lab) -> bool:
    return "reached as 10.60." in lab.say("laptop", f"reach {PORTAL_ADDRESS} 443")


def rotate(lab: Lab) -> Iterator[str]:
    """The portal's and both VPN hosts' certificates are renewed while traffic flows."""
    lab.ready()
    before = operator.serials(lab)
    folder = operator.renewed(lab)
    page = _page(lab, "/sign-in")
    with beating(lab.to_customer()) as tunnel, beating(page, 0.2) as portal:
        operator.playbook(lab, "rotate_certificates", rotate_from=folder)
        time.sleep(1)
    after = operator.serials(lab)
    yield from (f"{where} has the certificate of before" for where in after if after[where] == before[where])
    for what, pulse in (("customer A's traffic", tunnel), ("the portal", portal)):
        if (gap := longest_gap(pulse.beats)) > NOTICED:
            yield f"{what} stopped for {gap:.1f} s"
    lab.machines.do(lab.active(), "swanctl --terminate --ike site-example-a --timeout 5 || true")
    lab.ready()  # with the new certificate
    if IN not in lab.dial().text:
        yield "staff do not get in with the gateway's new certificate"


def restore(lab: Lab) -> Iterator[str]:
    """Backup, then everything is lost, then restore: every entry and every document is there again."""
    had = lab.machines.do("portal", "proforma-manage audit_verify")
    begun = time.monotonic()
    operator.playbook(lab, "backup")
    lab.sql("DROP DATABASE proforma WITH (FORCE)", database="postgres")
    lab.sql("CREATE DATABASE proforma OWNER proforma_owner", database="postgres")
    operator.playbook(lab, "restore", restore_identity=lab.files.backup_identity)
    yield from _sends_nothing(lab)
    for host in ("portal", "worker"):
        lab.machines.do(host, "rm /etc/proforma/hold-sending")
    lab.machines.do("worker", "systemctl start proforma-worker proforma-beat proforma-events")
    has = lab.machines.do("portal", "proforma-manage audit_verify")
    lab.report(Figure("restore", time.monotonic() - begun, f"backup included; {has.strip().splitlines()[-1]}"))
    if CHAIN.findall(had) != CHAIN.findall(has) or not CHAIN.search(had):
        yield f"before: {had}; after: {has}"
    month.chain_is_whole(lab.office)
    yield from _believes_no_stranger(lab)


def _believes_no_stranger(lab: Lab) -> Iterator[str]:
    """An older backup under a newer name, as whoever can write there could put it: refused, and nothing stops."""
    forged = "/var/backups/proforma/20991231T235959Z"
    lab.machines.do("portal", f"cp -a $(ls -d /var/backups/proforma/2*Z | tail -1) {forged}")
    try:
        operator.playbook(lab, "restore", restore_identity=lab.files.backup_identity, restore_replace=True)
        yield "a backup under another one's name was restored"
    except TrialError as error:
        if "under another name" not in str(error):
            yield f"a backup under another one's name was refused for another reason: {error}"
    finally:
        lab.machines.do("portal", f"rm -r {forged}")
    if "active" not in lab.machines.do("portal", "systemctl is-active proforma-web || true").split():
        yield "a refused restore stopped the portal"


def _sends_nothing(lab: Lab) -> Iterator[str]:
    """Before people have compared, not even after a reboot: what starts at boot is asked to start, and does not."""
    units = "proforma-worker proforma-beat proforma-events"
    lab.machines.do("worker", f"systemctl start {units}")
    running = lab.machines.do("worker", f"systemctl is-active {units} || true").split()
    if "active" in running:
        yield f"after the restore, before anybody has compared: {units} are {' '.join(running)}"


def doctor(lab: Lab) -> Iterator[str]:
    """No error while all is well; a stopped database is named, with cause and remedy."""
    lab.machines.do("portal", "systemctl start proforma-backup.service")  # without one, not all is well
    yield from (f"while all is well: {one}" for one in _errors(lab, "portal"))
    lab.machines.do("database", "systemctl stop 'postgresql@*'")
    try:
        found = _errors(lab, "portal")
    finally:
        lab.machines.do("database", "systemctl start postgresql@17-main.service")
    named = [one for one in found if one["check"] == "database"]
    if not named:
        yield f"the database is stopped, and the doctor says {found}"
    yield from (f"without cause or remedy: {one}" for one in named if not (one["cause"] and one["remedy"]))
    eventually(_page(lab, "/sign-in"), 60, "the portal is healthy again")


def _errors(lab: Lab, host: str) -> list[dict[str, str]]:
    """What the doctor finds on a host, without warnings."""
    said = lab.machines.run(host, "proforma-doctor", "--json", seconds=120)
    try:
        found: list[dict[str, str]] = json.loads(said.text.splitlines()[-1])["findings"]
    except (ValueError, KeyError, IndexError):
        raise TrialError(f"{host}: proforma-doctor: {said.text[-500:]}") from None
    return [one for one in found if one["level"] == "error"]
