"""A release that one host cannot run: those that had moved go back, and whoever looks at the portal sees little."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.lab_lib.trials import operator
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import TrialError
from scripts.lab_lib.trials.pulse import beating, longest_gap

HOSTS = ("portal", "worker")
REFUSES = """[Service]
ExecStartPre=/bin/sh -c '[ "$$(basename "$$(readlink /opt/proforma/current)")" != {version} ]'
"""
"""the worker starts with every release but that one: as one does that lacks what this host alone has not"""
WENT_BACK = re.compile(r"The host goes back, if it had moved\] (?:(?!TASK \[).)*changed: \[portal\]")
DROP_IN = "/run/systemd/system/proforma-worker.service.d/refuses.conf"


def goes_back(lab: Lab) -> Iterator[str]:
    """The portal host moves first, then the worker does not become healthy."""
    lab.ready()
    before = lab.release()
    version = operator.another_release(lab, before)
    browser = lab.office.anybody()
    _worker_refuses(lab, version)
    try:
        with beating(lambda: browser.answers("/sign-in"), 0.05) as pulse:
            said = _rolled_out(lab, version)
    finally:
        lab.machines.do("worker", f"rm {DROP_IN}; systemctl daemon-reload")
    lab.report(Figure("refused_release_gap", longest_gap(pulse.beats), "there and back"))
    told = f'FAILED! => {{"changed": false, "msg": "{version} was not rolled out. This host runs {before}.'
    yield from (
        f"the playbook does not say that {host} went back" for host in HOSTS if f"fatal: [{host}]: {told}" not in said
    )
    if not WENT_BACK.search(said):
        yield "the portal had not moved before the worker failed, so nothing was proven"
    yield from _as_before(lab, before)
    yield from _no_step_forward(lab, version)
    lab.ready()


def _worker_refuses(lab: Lab, version: str) -> None:
    said = lab.machines.run(
        "worker", "install", "-D", "-m", "0644", "/dev/stdin", DROP_IN, given=REFUSES.format(version=version)
    )
    if not said.ok:
        raise TrialError(f"worker: {DROP_IN}: {said.text}")
    lab.machines.do("worker", "systemctl daemon-reload")


def _rolled_out(lab: Lab, version: str) -> str:
    """What the playbook says when it fails, as it has to. Raises TrialError when it does not."""
    try:
        operator.playbook(lab, "release", appliance_release=version)
    except TrialError:
        return " ".join((lab.files.logs / "release.log").read_text().split())
    raise TrialError(f"{version} was rolled out although the worker cannot run it")


def _no_step_forward(lab: Lab, refused: str) -> Iterator[str]:
    """The release before is not the one that was just refused, or the next rollback would lead there."""
    for host in HOSTS:
        before = lab.machines.run(host, "readlink", "/opt/proforma/previous").text.strip()
        if before.endswith(f"/{refused}"):
            yield f"{host}: a rollback would lead to {refused}"


def _as_before(lab: Lab, before: str) -> Iterator[str]:
    for host in HOSTS:
        if (runs := lab.release(host)) != before:
            yield f"{host} has {runs} instead of {before}"
        if (named := lab.machines.do(host, "cat /etc/proforma/current-release").strip()) != before:
            yield f"{host}: the next boot would make {named} current"
        proof = lab.machines.run(host, "proforma-install", "verify-running")
        if not proof.ok:
            yield f"{host}: {proof.text.strip()[-300:]}"
    if "active" not in lab.machines.do("worker", "systemctl is-active proforma-worker || true").split():
        yield "the worker does not work"
