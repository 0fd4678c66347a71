"""What can go wrong, each with its exit code (sysexits.h where there is one), and in words for people."""

from __future__ import annotations

import errno

NOTHING = "Nothing was changed."


class OperationError(Exception):
    """The base. Says what happened, where, what was kept, and what to do."""

    exit_code = 70

    def __init__(self, what: str, *, where: str = "", kept: str = "", remedy: str = "") -> None:
        self.what, self.where, self.kept, self.remedy = what, where, kept, remedy
        super().__init__(" ".join(part for part in (what, f"({where})" if where else "", kept, remedy) if part))


class RefusedError(OperationError):
    """It would overwrite something, or what it should read is not what it was."""

    exit_code = 65


class AbsentError(OperationError):
    """A file, backup or key that is named is not there."""

    exit_code = 66


class UnreachableError(OperationError):
    """The database does not answer, or a program is missing."""

    exit_code = 69


class FullError(OperationError):
    """The disk is full, or would be."""

    exit_code = 73


class BusyError(OperationError):
    """Another run holds the lock."""

    exit_code = 75


class UnprovenError(OperationError):
    """It was restored, and what was restored does not prove to be what was backed up."""

    exit_code = 78


def from_os(error: OSError) -> OperationError:
    """An error of the operating system in the words of these programs."""
    where = str(error.filename or "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FullError("The disk is full.", where=where, remedy="Free space there, then run this again.")
    failure = OperationError(f"{error.strerror or error}.", where=where, remedy="Mend that, then run this again.")
    failure.exit_code = 77 if error.errno in (errno.EACCES, errno.EPERM) else 74
    return failure
