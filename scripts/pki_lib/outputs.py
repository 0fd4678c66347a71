"""What leaves the authority: files for hosts and people, lines for a terminal, JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.pki_lib import files
from scripts.pki_lib.errors import RefusedError
from scripts.pki_lib.index import Entry, Index

STDOUT = Path("-")
_REPLACEABLE = (b"-----BEGIN CERTIFICATE", b"-----BEGIN X509 CRL", b"\x30\x82")


def say(text: str) -> None:
    """To the person; what a program reads goes to standard output alone."""
    sys.stderr.write(f"{text}\n")


def tell(data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()


def tell_json(value: Any) -> None:
    tell(json.dumps(value, indent=1, default=str) + "\n")


def ready(path: Path, state: Path | None = None, *, replace: bool = False) -> None:
    """Raises RefusedError when `path` could not be written later, or would take the place of something else.

    With `replace` a certificate, request or list may be replaced by a newer one; a key or any other file never.
    """
    if path == STDOUT:
        return
    files.writable(path, replace=replace)
    if state is not None and state in path.parents:
        remedy = "The state is kept by this program alone: name a file elsewhere."
        raise RefusedError("That is inside the state.", where=str(path), remedy=remedy)
    if path.is_file() and not path.read_bytes().startswith(_REPLACEABLE):
        remedy = "Only certificates, requests and lists are replaced by newer ones: name another file."
        raise RefusedError("There is a file already that is none of these.", where=str(path), remedy=remedy)


@contextlib.contextmanager
def staged(path: Path, data: bytes, mode: int, *, replace: bool = False) -> Iterator[Callable[[], None]]:
    """As files.staged; `-` is standard output, and a file that holds the same already is left."""
    if path == STDOUT:
        yield lambda: tell(data)
    elif path.is_file() and path.read_bytes() == data:
        yield lambda: None
    else:
        with files.staged(path, data, mode, replace=replace) as place:
            yield place


def write(path: Path, data: bytes, mode: int, *, replace: bool = False) -> None:
    with staged(path, data, mode, replace=replace) as place:
        place()


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns with two spaces between, one row a line."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def entry_lines(register: Index, entry: Entry, now: datetime) -> str:
    """One certificate for a person."""
    revoked = (
        f"{entry.revoked_at:%Y-%m-%d %H:%M} UTC by {entry.revoked_by}, {entry.reason}" if entry.revoked_at else "no"
    )
    rows = (
        ("name", entry.name),
        ("profile", entry.profile),
        ("status", register.status(entry, now)),
        ("identities", ", ".join(entry.identities)),
        ("serial", entry.serial),
        ("valid", f"{entry.not_before:%Y-%m-%d %H:%M} to {entry.not_after:%Y-%m-%d %H:%M} UTC"),
        ("issued", f"{entry.issued_at:%Y-%m-%d %H:%M} UTC by {entry.issued_by}, {entry.source}"),
        ("revoked", revoked),
        ("replaces", entry.replaces or "nothing"),
        ("SHA-256", entry.sha256),
        ("key SHA-256", entry.key_sha256),
    )
    return columns(rows)
