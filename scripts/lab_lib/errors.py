"""What can go wrong with the lab, with the exit code that a script can tell apart (from sysexits.h)."""

from __future__ import annotations

from scripts.host_lib.errors import HostError


class LabError(HostError):
    """A step did not work; the hosts are kept to be looked at."""

    code = "lab.error"


class LabMachineError(HostError):
    """This machine lacks something."""

    code = "lab.machine"
    exit_code = 69
