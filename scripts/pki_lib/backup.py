"""The whole state in one file, sealed under a passphrase of its own.

Line 1: MAGIC. Line 2: how it is sealed, as JSON. The rest: a tar, under AES-256-GCM with a key that scrypt makes from
the passphrase; both lines are authenticated with it. The authority's key in it is also still under its own passphrase.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from scripts.pki_lib import authority, certificates, check, files, store
from scripts.pki_lib.errors import PassphraseError, PkiError, RefusedError
from scripts.pki_lib.store import Store

MAGIC = b"proforma-pki-backup 1\n"
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**17, 8, 1
"""128 MB and a third of a second for each guess (OWASP's first choice)"""
MOST_BYTES = 256 * 1024 * 1024
_MEMBER = re.compile(r"(?:ca\.json|ca\.crt|ca\.key|index\.json|crl\.pem|audit\.log|certs/[0-9a-f]+\.pem)")


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup that could be opened: when it was made, and its files by name."""

    made_at: str
    contents: dict[str, bytes]


def seal(state: Store, passphrase: bytes, now: datetime) -> bytes:
    """The state as it is at one moment. Raises BusyError."""
    with state.lock():
        packed = _pack(state)
    salt, nonce = os.urandom(16), os.urandom(12)
    header = {
        "kdf": "scrypt", "n": SCRYPT_N, "r": SCRYPT_R, "p": SCRYPT_P, "salt": _text(salt),
        "cipher": "AES-256-GCM", "nonce": _text(nonce),
        "made_at": now.isoformat(), "ca_sha256": certificates.sha256(state.ca),
    }  # fmt: skip
    head = MAGIC + json.dumps(header).encode() + b"\n"
    return head + AESGCM(_key(passphrase, header)).encrypt(nonce, packed, head)


def unseal(raw: bytes, passphrase: bytes, where: str) -> Opened:
    """Raises RefusedError for what is no backup, PassphraseError for one that does not open."""
    line = raw[len(MAGIC) :].partition(b"\n")[0]
    head = MAGIC + line + b"\n"
    try:
        header = _header(line if raw.startswith(MAGIC) else b"")
        key = _key(passphrase, header)
        nonce = base64.b64decode(header["nonce"])
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError("This is no backup of the authority.", where=where, remedy="Name another file.") from error
    try:
        packed = AESGCM(key).decrypt(nonce, raw[len(head) :], head)
    except InvalidTag:
        remedy = "Try the right passphrase; if it is, the file was damaged or changed: take another copy."
        raise PassphraseError(
            "The backup does not open.", where=where, kept="Nothing was written.", remedy=remedy
        ) from None
    return Opened(header["made_at"], _unpack(packed))


def restore(backup: Opened, path: Path, now: datetime, by: str) -> check.Report:
    """Write the state to a place where nothing is, whole or not at all. Raises RefusedError."""
    store.may_be_made(path)
    with authority.new_state(path) as making:
        report = _fill(making, backup)
        with making.lock() as register:
            making.commit(register, now, by, "restore", backup_made_at=backup.made_at)
    return report


def verify(backup: Opened) -> check.Report:
    """As restore, in a temporary directory that vanishes. Raises PkiError."""
    with authority.scratch(Path(tempfile.gettempdir(), "pki-verify")) as making:
        return _fill(making, backup)


def _fill(making: Store, backup: Opened) -> check.Report:
    for name, data in backup.contents.items():
        files.write(making.path / name, data)
    report = check.check(making)
    if report.problems:
        remedy = "Take another backup."
        raise PkiError(
            f"The backup holds a damaged state: {report.problems[0].what}",
            where=report.problems[0].where,
            remedy=remedy,
        )
    return report


def _pack(state: Store) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for path in sorted(state.path.rglob("*")):
            name = str(path.relative_to(state.path))
            if path.is_file() and _MEMBER.fullmatch(name):
                tar.add(path, name, recursive=False)
    return buffer.getvalue()


def _unpack(packed: bytes) -> dict[str, bytes]:
    """Only the files that a state has; the tar was authenticated, so what else is in it is not feared but left."""
    contents: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:xz") as tar:
        for member in tar:
            if member.isfile() and _MEMBER.fullmatch(member.name) and (file := tar.extractfile(member)):
                contents[member.name] = file.read()
    return contents


def _header(line: bytes) -> dict[str, Any]:
    """A file of a stranger must not take all memory: raises ValueError."""
    header: dict[str, Any] = json.loads(line)
    if not (header["n"] <= 2**20 and header["r"] <= 16 and header["p"] <= 16):
        raise ValueError("costs")
    return header


def _key(passphrase: bytes, header: dict[str, Any]) -> bytes:
    salt = base64.b64decode(header["salt"])
    return Scrypt(salt=salt, length=32, n=header["n"], r=header["r"], p=header["p"]).derive(passphrase)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
