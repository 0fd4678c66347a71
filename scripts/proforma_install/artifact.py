"""The format of a release, and its verification: signature, then every hash, then (and only then) unpacking.

ARTIFACT.sig is JSON: {"statement": base64 of JSON, "signatures": [{"key": key id, "signature": base64}]}. Signed is
SIGNED + the statement's bytes. The statement names the SHA-256 of the artifact and of its manifest; the manifest (the
first member) that of every other member. The artifact is a plain tar: its bulk are wheels, compressed already.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from . import trust
from .errors import AbsentError, RefusedError

SIGNED = b"proforma-release-1\n"
"""before the signed bytes, so that a signature made for another purpose never fits"""
MANIFEST = "manifest.json"
SUFFIX = ".sig"
MOST_SIGNATURE, MOST_MANIFEST = 1 << 20, 16 << 20
VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){2,3}\Z", re.ASCII)
_NAME = re.compile(r"[\w+=@!,-][\w.+=@!,-]*\Z", re.ASCII)
_ALTERED = "Do not use it. Fetch it again from where it was built; if it is altered there too, find out by whom."


@dataclass(frozen=True, slots=True)
class Statement:
    """What the signers state. `minimum`: no older release after this one, or "". `installed_bytes`: disk needed."""

    version: str
    commit: str
    pythons: tuple[str, ...]
    machine: str
    glibc: tuple[int, int]
    sha256: str
    size: int
    manifest_sha256: str
    installed_bytes: int
    minimum: str
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the manifest."""

    path: str
    sha256: str
    size: int
    executable: bool


def order(version: str) -> tuple[int, ...]:
    """For comparing: "0.10.0" is newer than "0.9.0", and "1.2.3" is older than "1.2.3.1"."""
    return tuple(int(part) for part in version.split("."))


def statement(artifact: Path, trusted: dict[str, bytes]) -> Statement:
    """What a trusted signer states about `artifact`. Raises AbsentError, RefusedError."""
    path = artifact.with_name(artifact.name + SUFFIX)
    if not artifact.is_file():
        raise AbsentError("There is no such artifact.", where=str(artifact), remedy="Fetch it, or name another.")
    if not path.is_file():
        remedy = f"Fetch {path.name} as well; without a signature nothing is installed."
        raise RefusedError("The artifact is unsigned.", where=str(path), remedy=remedy)
    try:
        with path.open("rb") as file:
            sealed = json.loads(file.read(MOST_SIGNATURE))
        message = base64.b64decode(sealed["statement"], validate=True)
        claims = [(str(s["key"]), base64.b64decode(s["signature"], validate=True)) for s in sealed["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RefusedError("The signature is damaged.", where=str(path), remedy=_ALTERED) from error
    signers = [
        key for key, given in claims if key in trusted and trust.signed_by(trusted[key], SIGNED + message, given)
    ]
    if not signers:
        raise _untrusted([key for key, _ in claims], trusted, path)
    return _read(message, signers, path)


def _untrusted(claimed: list[str], trusted: dict[str, bytes], path: Path) -> RefusedError:
    if any(key in trusted for key in claimed):
        return RefusedError(
            "The signature does not fit: the artifact's statement is altered.", where=str(path), remedy=_ALTERED
        )
    names = ", ".join(claimed[:5]) or "nobody"
    remedy = (
        f"Trusted here: {', '.join(trusted)}. If the key was rotated, add the new public key first (docs/releases.md)."
    )
    return RefusedError(f"It is signed by {names}, whom this host does not trust.", where=str(path), remedy=remedy)


def _read(message: bytes, signers: list[str], path: Path) -> Statement:
    try:
        raw: dict[str, Any] = json.loads(message)
        major, minor = raw["glibc"].split(".")
        read = Statement(
            version=raw["version"],
            commit=raw["commit"],
            pythons=tuple(raw["pythons"]),
            machine=raw["machine"],
            glibc=(int(major), int(minor)),
            sha256=raw["sha256"],
            size=raw["size"],
            manifest_sha256=raw["manifest_sha256"],
            installed_bytes=raw["installed_bytes"],
            minimum=raw["minimum"],
            signers=tuple(signers),
        )
        understood = raw["format"] == 1 and bool(VERSION.match(read.version))
        understood = understood and (not read.minimum or bool(VERSION.match(read.minimum)))
    except (ValueError, KeyError, TypeError, AttributeError):
        understood = False
    if not understood:
        remedy = "Bring this host's install step up to date (the playbook does it), or build with the one that fits."
        raise RefusedError(
            "The statement is signed, but of a format this program does not know.", where=str(path), remedy=remedy
        )
    return read


def verified(artifact: BufferedReader, stated: Statement) -> tuple[Member, ...]:
    """Every byte of the open artifact against `stated`, then its members. Nothing is written. Raises RefusedError."""
    where = getattr(artifact, "name", "artifact")
    artifact.seek(0)
    if os.fstat(artifact.fileno()).st_size != stated.size:
        raise RefusedError("The artifact is cut short or too long.", where=where, remedy=_ALTERED)
    if hashlib.file_digest(artifact, "sha256").hexdigest() != stated.sha256:
        raise RefusedError("The artifact is altered: its SHA-256 is not the signed one.", where=where, remedy=_ALTERED)
    members = listed(artifact, stated)
    for _ in contents(artifact, members):
        pass
    return members


def listed(artifact: BufferedReader, stated: Statement) -> tuple[Member, ...]:
    """The manifest's entries. Raises RefusedError when it is not the signed one or names what may not be."""
    artifact.seek(0)
    try:
        with tarfile.open(fileobj=artifact, mode="r:") as tar:
            first = tar.next()
            source = tar.extractfile(first) if first and first.isreg() and first.name == MANIFEST else None
            raw = source.read(MOST_MANIFEST) if source else b""
        if hashlib.sha256(raw).hexdigest() != stated.manifest_sha256:
            raise RefusedError("The manifest is not the signed one.", where=MANIFEST, remedy=_ALTERED)
        return tuple(_member(entry) for entry in json.loads(raw)["files"])
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise RefusedError("The manifest cannot be read.", where=MANIFEST, remedy=_ALTERED) from error


def _member(entry: dict[str, Any]) -> Member:
    member = Member(str(entry["path"]), str(entry["sha256"]), int(entry["size"]), entry["executable"] is True)
    if not safe(member.path):
        raise RefusedError("The manifest names a place outside the release.", where=ascii(member.path), remedy=_ALTERED)
    return member


def safe(path: str) -> bool:
    """Whether a member may have this name: relative, plain ASCII, nothing hidden, never `..`."""
    parts = path.split("/")
    return len(path) < 250 and path != MANIFEST and all(_NAME.match(part) for part in parts)


def contents(artifact: BufferedReader, members: tuple[Member, ...]) -> Iterator[tuple[Member, bytes]]:
    """Each member with its bytes, checked against the manifest. Raises RefusedError at the first that differs."""
    expected = {member.path: member for member in members}
    artifact.seek(0)
    try:
        with tarfile.open(fileobj=artifact, mode="r:") as tar:
            tar.next()
            while (info := tar.next()) is not None:
                member = expected.pop(info.name, None)
                yield _checked(tar, info, member)
    except tarfile.TarError as error:
        raise RefusedError("The archive is damaged.", where=str(error), remedy=_ALTERED) from error
    if expected:
        raise RefusedError("Files of the manifest are missing.", where=sorted(expected)[0], remedy=_ALTERED)


def _checked(tar: tarfile.TarFile, info: tarfile.TarInfo, member: Member | None) -> tuple[Member, bytes]:
    if member is None:
        raise RefusedError("The archive holds what the manifest does not.", where=ascii(info.name), remedy=_ALTERED)
    if info.type != tarfile.REGTYPE or info.size != member.size or info.pax_headers:
        raise RefusedError("A member is no plain file of the stated size.", where=member.path, remedy=_ALTERED)
    source = tar.extractfile(info)
    data = source.read() if source else b""
    if hashlib.sha256(data).hexdigest() != member.sha256:
        raise RefusedError("A file is not the one of the manifest.", where=member.path, remedy=_ALTERED)
    return member, data


def unpack(artifact: BufferedReader, members: tuple[Member, ...], into: Path) -> None:
    """Write all members below the new directory `into`. Raises RefusedError, OSError."""
    for member, data in contents(artifact, members):
        target = into / PurePosixPath(member.path)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "wb") as file:
            file.write(data)
        target.chmod(0o755 if member.executable else 0o644)
