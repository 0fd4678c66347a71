"""Marks by auditors that nobody here wrote, as scripts/audit_host asks for them: lynis, OpenSCAP, systemd-analyze."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.audit_lib.__main__ import audit
from scripts.audit_lib.findings import Audit
from scripts.lab_lib.trials import debian12
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab

LYNIS = {"portal": "lynis_portal", "vpn-a": "lynis_vpn"}


def audited(lab: Lab) -> Iterator[str]:
    """Portal and VPN host by lynis, every unit of ours on every kind of host, a Debian 12 host of its own by OpenSCAP.
    What is not reached needs a waiver."""
    for host, name in LYNIS.items():
        (found,) = audit(host, ["lynis"])
        lab.report(Figure(name, found.score, _note(found)))
        yield from _open(found)
    units = [one for host in ("portal", "worker", "vpn-a") for one in audit(host, ["units"])]
    worst = max(units, key=lambda one: one.score)
    lab.report(Figure("units_exposure", worst.score, f"{worst.host}; {sum(len(one.findings) for one in units)} waived"))
    yield from (problem for one in units for problem in _open(one))
    scap = debian12.audited()
    note = f"{scap.score} % by its own weighting; {_note(scap)}"
    lab.report(Figure("openscap_unwaived", len(scap.open), note))
    yield from _open(scap)


def _note(found: Audit) -> str:
    return f"{len(found.findings) - len(found.open)} waived with a reason"


def _open(found: Audit) -> Iterator[str]:
    yield from (f"{found.host}, {found.tool}: {one.id} {one.text} {one.detail}" for one in found.open)
