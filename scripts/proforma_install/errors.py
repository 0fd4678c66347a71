"""What can go wrong on a host, each with its exit code (from sysexits.h where there is one)."""

from __future__ import annotations

import errno

OLD_RUNS = "The release that ran before is untouched and still runs."


class InstallError(Exception):
    """The base. Says what happened, where, what was kept, and what to do."""

    exit_code = 70

    def __init__(self, what: str, *, where: str = "", kept: str = OLD_RUNS, remedy: str = "") -> None:
        self.what, self.where, self.kept, self.remedy = what, where, kept, remedy
        super().__init__(" ".join(part for part in (what, f"({where})" if where else "", kept, remedy) if part))


class UsageError(InstallError):
    """The command line asks for what cannot be."""

    exit_code = 64


class RefusedError(InstallError):
    """The artifact is unsigned, altered, too old, or not made for this host."""

    exit_code = 65


class AbsentError(InstallError):
    """A file or release that is named is not there."""

    exit_code = 66


class ToolError(InstallError):
    """The host lacks a program, or has another Python."""

    exit_code = 69


class StoppedError(InstallError):
    """A step before the switch failed: the check of the new release, the backup, or the migration."""

    exit_code = 70


class FullError(InstallError):
    """The disk is full."""

    exit_code = 73


class BusyError(InstallError):
    """Another run holds the lock."""

    exit_code = 75


class RolledBackError(InstallError):
    """The new release was not healthy; the one before is current again."""

    exit_code = 76


class DamagedError(InstallError):
    """What is installed or runs is not what was released."""

    exit_code = 78


def from_os(error: OSError) -> InstallError:
    """An error of the operating system in the words of this program."""
    where = str(error.filename or "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "Free space (`prune` removes releases that are not needed), then run this again."
        return FullError("The disk is full.", where=where, remedy=remedy)
    remedy = "Mend that, then run this again: it goes on from what is there."
    failure = InstallError(
        f"{error.strerror or error}.", where=where, kept="What is current is as it was.", remedy=remedy
    )
    failure.exit_code = 77 if error.errno in (errno.EACCES, errno.EPERM) else 74
    return failure
