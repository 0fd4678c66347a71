"""Secrets of customers' systems, by reference. A row names a reference; the secret itself is never in the database.

A reference is a path such as `customers/acme/source`, one per customer and purpose. The first place that has it counts:

1. environment variable PROFORMA_CREDENTIAL_CUSTOMERS_ACME_SOURCE ("/" becomes "_", "-" becomes "__"), for tests
   and containers;
2. what an administrator set in the portal, sealed to the workers' key (portal.contracts.sealed adds this place);
3. file `<directory>/customers/acme/source.json`.

Each holds a JSON object whose values are strings, for example {"username": "...", "password": "..."}. A file must be a
regular one that others cannot read and nobody but its owner can write: mode 0600 or 0400, or 0640 and 0440 so that root
may own it and the service's group may read it (as Ansible installs it: a service that is broken into cannot rewrite its
own secrets). A further place, such as AWS Secrets Manager, is one more function in `places`.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from portal.domain.errors import PortalError
from portal.domain.sources import Credential

REF = re.compile(r"[a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*){1,5}")
PREFIX = "PROFORMA_CREDENTIAL_"
LARGEST = 64 * 1024
FORBIDDEN_MODE = 0o137  # no one executes, the group does not write, others do nothing

Place = Callable[[str], str | None]
"""reference -> the secret's JSON text, or None when this place does not have it; raises CredentialError"""


_MORE: list[Place] = []
"""places that only an app above this module knows, asked between environment and file"""


class CredentialError(PortalError):
    """A credential cannot be read. The message names the reference and the place, never the content."""

    code = "credential.error"


def credential_read(ref: str, directory: Path | str | None, *, places: Sequence[Place] | None = None) -> Credential:
    """The credential that a reference names. `directory` is settings.CREDENTIALS_DIR. Raises CredentialError."""
    if not REF.fullmatch(ref):
        raise CredentialError(
            "The reference to a credential is not written as one.",
            where=repr(ref[:80]),
            remedy="Write it in lower case, in parts separated by '/', for example customers/acme/source.",
        )
    for place in places or default_places(directory):
        if (text := place(ref)) is not None:
            return Credential(_fields(ref, text))
    raise CredentialError(
        "There is no such credential.",
        where=ref,
        remedy=f"Put it into {_file(directory, ref) if directory else 'the directory of credentials'} "
        f"or into the environment variable {variable(ref)}.",
    )


def default_places(directory: Path | str | None) -> tuple[Place, ...]:
    """Environment first, then what was added, then the file."""
    places = (from_environment, *_MORE)
    return (*places, partial(from_file, directory)) if directory else places


def place_add(place: Place) -> None:
    """Ask `place` too, from now on and once."""
    if place not in _MORE:
        _MORE.append(place)


def variable(ref: str) -> str:
    """The environment variable of a reference."""
    return PREFIX + ref.replace("-", "__").replace("/", "_").upper()


def from_environment(ref: str) -> str | None:
    return os.environ.get(variable(ref)) or None


def from_file(directory: Path | str, ref: str) -> str | None:
    """Opened without following a link, and checked on the open file, so that nothing can be swapped in between."""
    path = _file(directory, ref)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(ref, path, f"cannot be opened: {error.strerror}", "Make it a readable regular file.") from None
    try:
        _check_mode(ref, path, os.fstat(handle))
        return os.read(handle, LARGEST).decode(errors="replace")
    finally:
        os.close(handle)


def _file(directory: Path | str, ref: str) -> Path:
    return Path(directory, f"{ref}.json")


def _check_mode(ref: str, path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refused(ref, path, "is no regular file", "Make it a regular file.")
    if mode := stat.S_IMODE(status.st_mode) & FORBIDDEN_MODE:
        raise _refused(ref, path, f"is open to others (mode {mode:04o} too much)", f"Run: chmod 0600 {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise _refused(ref, path, "belongs to another user", "Give it to the service's user or to root.")


def _fields(ref: str, text: str) -> Mapping[str, str]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict) and data and all(isinstance(value, str) for value in data.values()):
        return data
    raise CredentialError(
        "The credential is no JSON object of strings.",
        where=ref,
        remedy='Write it as {"username": "...", "password": "..."}; numbers in quotes too.',
    )


def _refused(ref: str, path: Path, what: str, remedy: str) -> CredentialError:
    return CredentialError(f"The credential's file {what}.", where=f"{ref}: {path}", remedy=remedy)
