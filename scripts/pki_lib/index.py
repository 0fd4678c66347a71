"""The register of everything that was ever issued: values and questions about them. Pure.

Kept as one JSON file, `index.json`; moments are UTC, ISO 8601, whole seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from scripts.pki_lib.errors import RefusedError, StateError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate. `serial` and fingerprints in small hex; `source`: csr, key-made-here or adopted."""

    serial: str
    name: str
    profile: str
    identities: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str
    key_sha256: str
    source: str
    issued_at: datetime
    issued_by: str
    replaces: str = ""
    revoked_at: datetime | None = None
    revoked_by: str = ""
    reason: str = ""

    def live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.not_after


@dataclass(frozen=True, slots=True)
class Index:
    """Entries in the order of issuing.

    `audit_*`: how far the audit trail had come when this was written, so that a shortened one shows.
    """

    entries: tuple[Entry, ...] = ()
    crl_number: int = 0
    crl_next_update: datetime | None = None
    audit_lines: int = 0
    audit_head: str = ""

    def add(self, entry: Entry) -> Index:
        return replace(self, entries=(*self.entries, entry))

    def update(self, entry: Entry) -> Index:
        return replace(self, entries=tuple(entry if e.serial == entry.serial else e for e in self.entries))

    def live(self, now: datetime) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.live(now))

    def replaced(self, entry: Entry, now: datetime) -> bool:
        """A later certificate of the same name is in force, so this one may end."""
        later = self.entries[self.entries.index(entry) + 1 :]
        return any(e.name == entry.name and e.live(now) for e in later)

    def status(self, entry: Entry, now: datetime) -> str:
        """revoked, expired, replaced or valid."""
        if entry.revoked_at:
            return "revoked"
        if not entry.live(now):
            return "expired"
        return "replaced" if self.replaced(entry, now) else "valid"

    def current(self, name: str, now: datetime) -> Entry | None:
        """The latest certificate of a name that is in force."""
        return _last(e for e in self.live(now) if e.name == name)

    def find_all(self, wanted: str, now: datetime) -> list[Entry]:
        """What a revocation of `wanted` means: by name everything of it that is in force, by serial that one.

        After a renewal two are in force; whoever has lost a laptop has lost both. Raises RefusedError.
        """
        return [e for e in self.live(now) if e.name == wanted] or [self.find(wanted, now)]

    def find(self, wanted: str, now: datetime) -> Entry:
        """By name (the one in force, else the latest) or by serial as any program prints it. Raises RefusedError."""
        serial = wanted.lower().replace(":", "").removeprefix("0x").lstrip("0")
        matches = (e for e in self.entries if e.name == wanted or e.serial.lstrip("0") == serial)
        if found := self.current(wanted, now) or _last(matches):
            return found
        remedy = "`pki list --all` shows all names and serials."
        raise RefusedError(f"No certificate has the name or serial '{wanted}'.", where="index", remedy=remedy)


def dump(index: Index) -> bytes:
    entries = [{k: _plain(v) for k, v in asdict(entry).items()} for entry in index.entries]
    crl = {"number": index.crl_number, "next_update": _plain(index.crl_next_update)}
    audit = {"lines": index.audit_lines, "head": index.audit_head}
    return (
        json.dumps({"format": FORMAT, "crl": crl, "audit": audit, "certificates": entries}, indent=1).encode() + b"\n"
    )


def load(raw: bytes, where: str) -> Index:
    """Raises StateError: a register that cannot be read is never taken for an empty one."""
    try:
        data = json.loads(raw)
        if data["format"] != FORMAT:
            remedy = "Use the version of this program that wrote it, or a newer one."
            raise StateError(f"The register has format {data['format']}, not {FORMAT}.", where=where, remedy=remedy)
        return Index(
            tuple(_entry(fields) for fields in data["certificates"]),
            data["crl"]["number"],
            _moment(data["crl"]["next_update"]),
            data["audit"]["lines"],
            data["audit"]["head"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"The register of certificates is damaged: {error!r}.",
            where=where,
            kept="It was left as it is.",
            remedy="Restore the last backup elsewhere (`pki restore`), compare, and `pki adopt` what is missing.",
        ) from error


def entry_json(index: Index, entry: Entry, now: datetime) -> dict[str, Any]:
    """An entry for a program to read, with its status."""
    return {k: _plain(v) for k, v in asdict(entry).items()} | {"status": index.status(entry, now)}


def _last(entries: Iterator[Entry]) -> Entry | None:
    return max(enumerate(entries), default=(0, None), key=lambda pair: pair[0])[1]


def _entry(fields: dict[str, Any]) -> Entry:
    moments = {key: _moment(fields[key]) for key in ("not_before", "not_after", "issued_at", "revoked_at")}
    return Entry(**(fields | moments | {"identities": tuple(fields["identities"])}))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
