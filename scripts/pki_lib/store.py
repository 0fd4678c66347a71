"""The state directory: where it may be, who may see it, and how two administrators keep out of each other's way."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from cryptography import x509

from scripts.pki_lib import audit, certificates, files, index
from scripts.pki_lib.errors import BusyError, RefusedError, StateError
from scripts.pki_lib.index import Index

WAIT_SECONDS = 10.0
SETTINGS, CA, KEY, INDEX, CRL, AUDIT, LOCK, CERTIFICATES = (
    "ca.json", "ca.crt", "ca.key", "index.json", "crl.pem", "audit.log", "lock", "certs",
)  # fmt: skip
SECRET = (KEY,)
_RESTORE = "Restore the last backup into another directory (`pki restore`) and compare."
T = TypeVar("T")
ALWAYS = (SETTINGS, CA, KEY, INDEX, CRL, AUDIT)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was decided when the authority was made."""

    organisation: str
    name: str
    staff_domains: tuple[str, ...] = ()
    crl_url: str = ""
    purpose: str = "all"

    def dump(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Store:
    path: Path

    @property
    def settings(self) -> Settings:
        return self._parsed(SETTINGS, _settings)

    @property
    def ca(self) -> x509.Certificate:
        return self._parsed(CA, x509.load_pem_x509_certificate)

    @property
    def crl(self) -> x509.CertificateRevocationList:
        return self._parsed(CRL, x509.load_pem_x509_crl)

    @property
    def crl_number(self) -> int:
        """Of the list as it is on the disk; -1 when it cannot be read, which is as good as none."""
        try:
            return certificates.crl_number(self.crl)
        except (StateError, x509.ExtensionNotFound):
            return -1

    def read(self, name: str) -> bytes:
        """Raises StateError."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise StateError(
                f"A file of the state cannot be read: {error.strerror}.", where=str(self.path / name), remedy=_RESTORE
            ) from error

    def _parsed(self, name: str, parse: Callable[[bytes], T]) -> T:
        """Raises StateError."""
        raw = self.read(name)
        try:
            return parse(raw)
        except (ValueError, KeyError, TypeError) as error:
            raise StateError("A file of the state is damaged.", where=str(self.path / name), remedy=_RESTORE) from error

    def index(self) -> Index:
        return index.load(self.read(INDEX), str(self.path / INDEX))

    def certificate_path(self, serial: str) -> Path:
        return self.path / CERTIFICATES / f"{serial}.pem"

    def certificate(self, serial: str) -> x509.Certificate:
        return self._parsed(f"{CERTIFICATES}/{serial}.pem", x509.load_pem_x509_certificate)

    def commit(self, changed: Index, now: datetime, by: str, action: str, **details: Any) -> None:
        """First the trail, then the register: nothing is in force without a trace of who did it. Needs the lock."""
        head = audit.append(self.path / AUDIT, now, by, action, **details)
        changed = replace(changed, audit_lines=head.lines, audit_head=head.sha256)
        files.write(self.path / INDEX, index.dump(changed), replace=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[Index]:
        """Alone with the state; yields the register as it is now. Given back by the system if we crash."""
        handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a+") as file:
            _wait_for(file, str(self.path / LOCK))
            file.truncate(0)
            file.write(f"{audit.administrator()} process {os.getpid()}")
            file.flush()
            self._sweep()
            yield self.index()
            file.truncate(0)

    def _sweep(self) -> None:
        """What a crash left unfinished; with the lock held nobody else is writing."""
        for folder in (self.path, self.path / CERTIFICATES):
            for left in folder.glob(f"{files.TEMPORARY}*"):
                left.unlink(missing_ok=True)


def open_store(path: Path) -> Store:
    """Raises StateError when there is no authority, or when others can look into it."""
    if not (path / SETTINGS).is_file():
        remedy = "`pki init` makes a new one, `pki restore` brings back a backup, --state names another directory."
        raise StateError("There is no authority here.", where=str(path), remedy=remedy)
    if path.stat().st_uid != os.geteuid():
        remedy = f"Run this as its owner: sudo -u {path.owner()} ..."
        raise StateError("The state belongs to somebody else.", where=str(path), remedy=remedy)
    for some in (path, *(path / name for name in SECRET)):
        if some.exists() and not files.private(some):
            mode = "700" if some.is_dir() else "600"
            remedy = f"Close it (chmod {mode} {some}), and think about who could have read it in the meantime."
            raise StateError("Others on this machine can look into the state.", where=str(some), remedy=remedy)
    return Store(path)


def may_be_made(path: Path) -> None:
    """Raises RefusedError where a new state must not be: inside a repository, or where something is."""
    for folder in (path, *path.parents):
        if (folder / ".git").exists():
            remedy = "Keys never go where a commit could take them along. Name another directory with --state."
            raise RefusedError("This is inside a git repository.", where=str(path), remedy=remedy)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        remedy = "Nothing is overwritten: name an empty or a new directory with --state."
        raise RefusedError("There is something already.", where=str(path), remedy=remedy)
    path.parent.mkdir(parents=True, exist_ok=True)


def _settings(raw: bytes) -> Settings:
    fields: dict[str, Any] = json.loads(raw)
    return Settings(**(fields | {"staff_domains": tuple(fields["staff_domains"])}))


def _wait_for(file: IO[str], where: str) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                file.seek(0)
                holder = file.read() or "someone"
                remedy = "Wait until it is done and try again; the lock goes by itself when that process ends."
                raise BusyError(f"The authority is in use by {holder}.", where=where, remedy=remedy) from None
            time.sleep(0.05)
