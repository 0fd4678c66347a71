"""Marks by auditors that nobody here wrote: lynis, OpenSCAP, systemd-analyze."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import TrialError


def audited(_lab: Lab) -> Iterator[str]:
    """The marks of portal and VPN host, and of every unit of ours."""
    raise TrialError("nobody has looked yet")
    yield ""
