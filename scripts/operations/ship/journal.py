"""Entries of the journal as CloudWatch takes them. Pure but for `read`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scripts.proforma_install.log import redacted

LONGEST = 256_000
"""bytes of one event: below CloudWatch's 262,144 less its overhead of 26"""
CUT = " ... (cut)"
FIRST = "-15min"


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` in milliseconds since 1970; `cursor` names the entry to journald."""

    at: int
    text: str
    cursor: str


def entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Of `journalctl --output=json`. A line that cannot be read is left out, and the next one goes on."""
    for line in lines:
        try:
            raw = json.loads(line)
            yield Entry(int(raw["__REALTIME_TIMESTAMP"]) // 1000, _text(raw), str(raw["__CURSOR"]))
        except (ValueError, KeyError, TypeError):
            continue


def _text(raw: dict[str, Any]) -> str:
    """One line of JSON with what a reader searches by; secrets are masked, and what is too long is cut."""
    message = redacted(_words(raw.get("MESSAGE")))
    unit = raw.get("_SYSTEMD_UNIT") or raw.get("UNIT") or raw.get("SYSLOG_IDENTIFIER") or ""
    about = {"unit": str(unit), "priority": str(raw.get("PRIORITY", "")), "pid": str(raw.get("_PID", ""))}
    text = json.dumps({**about, "message": message}, ensure_ascii=False)
    if len(text.encode("utf-8", "replace")) > LONGEST:
        kept = message.encode("utf-8", "replace")[: LONGEST // 2].decode("utf-8", "ignore")
        text = json.dumps({**about, "message": kept + CUT}, ensure_ascii=True)[:LONGEST]
    return text.encode("utf-8", "replace").decode()


def _words(message: Any) -> str:
    """journald gives text, or a list of bytes where it is no text, or a list of several, or null where it is huge."""
    if isinstance(message, str):
        return message
    if isinstance(message, list) and all(isinstance(one, int) for one in message):
        return bytes(one & 255 for one in message).decode("utf-8", "replace")
    if isinstance(message, list):
        return " ".join(_words(one) for one in message)
    return ""


def read(cursor: str, most: int) -> list[Entry]:
    """Up to `most` entries after the one of `cursor`; without one, or when it is gone, those of the last minutes."""
    found = _read([f"--after-cursor={cursor}"], most) if cursor else None
    return found if found is not None else _read([f"--since={FIRST}"], most) or []


def _read(where: list[str], most: int) -> list[Entry] | None:
    """None when journalctl does not know the cursor any more."""
    command = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json", *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        found = []
        for entry in entries(process.stdout):
            found.append(entry)
            if len(found) >= most:
                process.kill()
                return found
        return found if process.wait() == 0 else None
