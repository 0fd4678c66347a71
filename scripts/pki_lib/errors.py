"""What can go wrong, each with the exit code that a script or a monitor can tell apart (from sysexits.h)."""

from __future__ import annotations

from portal.domain.errors import PortalError


class PkiError(PortalError):
    """The base of every refusal. Nothing was changed unless `kept` says otherwise."""

    code = "pki.error"
    exit_code = 70


class UsageError(PkiError):
    """The command line asks for something that does not fit together."""

    code = "pki.usage"
    exit_code = 64


class RefusedError(PkiError):
    """What was given cannot be accepted: a request, a name, an identity, a serial, an expired authority."""

    code = "pki.refused"
    exit_code = 65


class HandOutError(PkiError):
    """Everything is recorded, but the file for the host could not be written."""

    code = "pki.hand_out"
    exit_code = 74


class BusyError(PkiError):
    """Another administrator is at it."""

    code = "pki.busy"
    exit_code = 75


class PassphraseError(PkiError):
    """A passphrase is missing, too short or wrong."""

    code = "pki.passphrase"
    exit_code = 77


class StateError(PkiError):
    """The state directory is missing, open to others, or damaged."""

    code = "pki.state"
    exit_code = 78
