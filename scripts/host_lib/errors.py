"""What can go wrong, each with the exit code that a script can tell apart (from sysexits.h)."""

from __future__ import annotations

from portal.domain.errors import PortalError


class HostError(PortalError):
    """The base of every refusal: a program of the machine failed in a way nobody foresaw."""

    code = "host.error"
    exit_code = 70


class UsageError(HostError):
    """The command line does not fit together, or a name cannot be used."""

    code = "host.usage"
    exit_code = 64


class RefusedError(HostError):
    """What is asked for contradicts what is there. Nothing was changed."""

    code = "host.refused"
    exit_code = 65


class AbsentError(HostError):
    """There is no such host, base or layer, or the host is not running."""

    code = "host.absent"
    exit_code = 66


class MachineError(HostError):
    """This machine lacks something; `host doctor` lists it all."""

    code = "host.machine"
    exit_code = 69


class BusyError(HostError):
    """Somebody else is at the same host or base."""

    code = "host.busy"
    exit_code = 75
