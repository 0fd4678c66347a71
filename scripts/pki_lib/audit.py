"""The trail of who did what and when: lines of JSON, only ever appended, each holding the hash of the line before."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.pki_lib import files

NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """How many lines there are, and the hash of the last."""

    lines: int
    sha256: str


def administrator() -> str:
    """Who is at it: the one who signed in, also behind sudo."""
    user = pwd.getpwuid(os.getuid()).pw_name if os.getuid() else os.environ.get("SUDO_USER") or "root"
    return f"{user}@{socket.gethostname()}"


def append(path: Path, now: datetime, by: str, action: str, **details: Any) -> Head:
    """Add one line and wait until it is on the disk."""
    raw = path.read_bytes() if path.exists() else b""
    torn = (
        b"" if not raw or raw.endswith(b"\n") else b"\n"
    )  # a crash while writing: its rest stays, on a line of its own
    before = _head(raw + torn)
    line = {"at": now.isoformat(), "by": by, "action": action, **details, "previous": before.sha256}
    files.append(path, torn + json.dumps(line).encode() + b"\n")
    return _head(raw + torn + json.dumps(line).encode() + b"\n")


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that can be read."""
    for raw in _lines(path.read_bytes()):
        if line := _parsed(raw):
            yield line


def faults(path: Path, known: Head) -> Iterator[str]:
    """Sentences on what was changed, removed or cut off, up to and beyond `known` (what the index remembers)."""
    lines = _lines(path.read_bytes()) if path.exists() else []
    previous = NOTHING
    for number, raw in enumerate(lines, 1):
        line = _parsed(raw)
        if line is not None and line.get("previous") != previous:
            yield f"Line {number} of the audit trail does not follow from the line before it."
        previous = hashlib.sha256(raw).hexdigest()
        if number == known.lines and previous != known.sha256:
            yield f"Line {number} of the audit trail is not the one that the register remembers."
    if len(lines) < known.lines:
        yield f"The audit trail has {len(lines)} lines, but the register remembers {known.lines}."


def _head(raw: bytes) -> Head:
    lines = _lines(raw)
    return Head(len(lines), hashlib.sha256(lines[-1]).hexdigest() if lines else NOTHING)


def _lines(raw: bytes) -> list[bytes]:
    return raw.split(b"\n")[:-1] if raw.endswith(b"\n") else raw.split(b"\n") if raw else []


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
