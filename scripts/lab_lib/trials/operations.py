"""The procedures of docs/operations.md, played on the running lab by the same playbooks and commands."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

from scripts.lab_lib.trials import operator, troubles
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import IN, METHODS, PORTAL_ADDRESS, SERVICE_ADDRESS, Lab
from scripts.lab_lib.trials.machines import eventually
from scripts.lab_lib.trials.pulse import beating, longest_gap

NOTICED = 2.0
"""seconds; less may be this machine's own business"""


def upgrade(lab: Lab) -> Iterator[str]:
    """A release is rolled out while a month is collected; staff keep asking for a page all the time."""
    before = lab.release()
    version = operator.another_release(lab, before)
    asked = lab.page("/sign-in")
    gaps: list[float] = []

    def roll_out(lab: Lab) -> None:
        with beating(asked, 0.05) as pulse:
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


def new_customer(lab: Lab) -> Iterator[str]:
    """Customer B's site file is added while A's traffic flows; then the first tunnel."""
    lab.ready()
    yield from _described(lab)
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
    if "INSTALLED" not in lab.machines.do(lab.active(), "swanctl --list-sas --child example-b"):
        yield "the command of the page does not show customer B's tunnel"
    if (gap := longest_gap(pulse.beats)) > NOTICED:
        yield f"customer A had no traffic for {gap:.1f} s meanwhile"
    said = lab.machines.sh("worker", "timeout 3 bash -c '</dev/tcp/10.50.60.8/3128' && echo reached").text
    if "reached" not in said:
        yield "the probe target of customer B's site file is not reached"


def _described(lab: Lab) -> Iterator[str]:
    """Site files are accepted, and the customer gets a sheet."""
    operator.render(lab, "check")
    sheet = operator.render(lab, "sheet", "example-b")
    yield from (f"customer B's sheet lacks {word}" for word in ("10.50.60.8", SERVICE_ADDRESS) if word not in sheet)


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
    operator.playbook(lab, "customers", tags="configure")
    if IN in lab.dial(eve).text:
        yield f"{eve} gets in again after customers.yml, which brought an old list back"
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
    asked = lab.page("/sign-in")
    with beating(lab.to_customer()) as tunnel, beating(asked, 0.2) as portal:
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
