"""A ServiceNow CSV export -> ticket rows. One row a ticket, or several per number, of which the last counts.

Nothing is dropped: a row that cannot be understood is served as it stands, and a finding names its line. Findings never
quote a value, because a shifted column could put a person's name into any of them.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.config import ConfigError
from sandbox.tables import sys_id

if TYPE_CHECKING:
    from _csv import Reader

DATES = ("opened_at", "resolved_at", "closed_at", "sys_created_on", "sys_updated_on")
KIND_COLUMNS = ("sys_class_name", "kind")
STATE_COLUMNS = ("incident_state", "state")
NEEDED = ("number", "priority", "closed_at")
SHOWN_FINDINGS = 200
INCIDENT_WORDS = {
    "new": "1",
    "active": "2",
    "in progress": "2",
    "on hold": "3",
    "resolved": "6",
    "closed": "7",
    "canceled": "8",
    "cancelled": "8",
}
REQUEST_WORDS = {
    "pending": "-5",
    "open": "1",
    "work in progress": "2",
    "closed": "3",
    "closed complete": "3",
    "closed incomplete": "4",
    "closed skipped": "7",
    "canceled": "7",
    "cancelled": "7",
}
GERMAN_DATE = "%d.%m.%Y %H:%M:%S"
NO_NUMBER = "no number (its key comes from the line)"
NO_DATE = " is no date-time"


@dataclass(frozen=True, slots=True)
class Mapping:
    """{"our_field": "their column"}; a field that is not named is looked for under its own name."""

    columns: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path | None) -> Mapping:
        """Raises ConfigError when the file is no JSON object of strings."""
        if path is None:
            return cls()
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"The mapping file {path} cannot be used: {error}.") from error
        if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
            raise ConfigError(f'The mapping file {path} must be {{"our_field": "their column", ...}}.')
        return cls(data)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row of which nobody can say for sure what it holds, and what is wrong in it.

    `shifted`: no column of it can be believed.
    """

    line: int
    what: str
    row: dict[str, str]
    shifted: bool = False

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Export:
    """What a file holds. `lines` counts its data rows, `findings` what was wrong in those that count.

    `doubts` are the findings that may keep a ticket out of its month, with their rows.
    """

    name: str
    rows: list[dict[str, str]]
    lines: int
    findings: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()


def read_export(path: Path, mapping: Mapping | None = None) -> Export:
    """Read a CSV export, plain or gzipped, in UTF-8 or Windows-1252. Raises ConfigError."""
    lines = iter(_text(path).splitlines(keepends=True))
    first = next(lines, "")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(_chain(first, lines), delimiter=delimiter)
    names = next(reader, [])
    header = _header(path, names, mapping or Mapping())
    last, count = _rows_or_refusal(path, reader, header)
    found = Findings()
    rows = [_row(header, line, cells, found) for line, cells in last]
    if "resolved_at" not in header and any(row["sys_class_name"] == "incident" for row in rows):
        raise _missing(path, "resolved_at", names)  # requests have none, incidents are billed by it
    return Export(path.name, rows, count, tuple(found.lines), tuple(found.doubts))


@dataclass
class Findings:
    """What is wrong in the rows, in their order."""

    lines: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def add(self, doubt: Doubt, serious: bool) -> None:
        self.lines.append(f"{doubt}; kept as it stands")
        if serious:
            self.doubts.append(doubt)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f"The tickets file {path} cannot be read: {error}.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _header(path: Path, names: list[str], mapping: Mapping) -> list[str]:
    """Our field names in the order of the file's columns."""
    ours = {theirs.strip().lower(): field_name for field_name, theirs in mapping.columns.items()}
    plain = [name.strip().lower() for name in names]
    if gone := sorted(theirs for theirs in ours if theirs not in plain):
        raise ConfigError(f"{path}: the mapping names the column '{gone[0]}', but the file has no such column.")
    header = [ours.get(name, name) for name in plain]
    for needed in NEEDED:
        if needed not in header:
            raise _missing(path, needed, names)
    if not set(STATE_COLUMNS) & set(header):
        raise _missing(path, "incident_state", names, " (or 'state')")
    return header


def _missing(path: Path, column: str, names: list[str], extra: str = "") -> ConfigError:
    return ConfigError(
        f"{path}: the column '{column}'{extra} is missing. The file has: {', '.join(names) or 'no header at all'}. "
        f'If it has another name, say so in a mapping file: {{"{column}": "<the name in the file>"}}.'
    )


def _rows_or_refusal(path: Path, reader: Reader, header: list[str]) -> tuple[list[tuple[int, list[str]]], int]:
    try:
        return _last_rows(reader, header)
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num}: this is no CSV: {error}.") from error


def _last_rows(reader: Reader, header: list[str]) -> tuple[list[tuple[int, list[str]]], int]:
    """(line number, cells) of the last row of each ticket, and the number of data rows."""
    at = header.index("number")
    key_at = header.index("sys_id") if "sys_id" in header else -1
    last: dict[str, tuple[int, list[str]]] = {}
    count = 0
    for cells in reader:
        if not any(cells):
            continue
        count += 1
        line = reader.line_num
        number = cells[at].strip() if at < len(cells) else ""
        key = cells[key_at].strip() if 0 <= key_at < len(cells) else ""
        last[key or number or f"line {line}"] = (line, cells)
    return list(last.values()), count


def _row(header: list[str], line: int, cells: list[str], found: Findings) -> dict[str, str]:
    row = {name: sys.intern(value.strip()) for name, value in zip(header, cells, strict=False)}
    if len(cells) != len(header):
        shifted = len(cells) < len(header) or any(cells[len(header) :])
        found.add(Doubt(line, f"{len(cells)} values for {len(header)} columns", row, shifted), shifted)
    kind = _kind(row)
    row.pop("kind", None)
    row["sys_class_name"] = kind
    for what in _clean(row, kind):
        found.add(Doubt(line, what, row), what == NO_NUMBER or what.removesuffix(NO_DATE) in DATES)
    row["sys_id"] = row.get("sys_id") or sys_id(kind, row.get("number") or f"line {line}")
    row.setdefault("sys_updated_on", row.get("closed_at", "") or row.get("opened_at", ""))
    return row


def _kind(row: dict[str, str]) -> str:
    named = " ".join(row.get(column, "") for column in KIND_COLUMNS).lower()
    if any(word in named for word in ("sc_req_item", "requested item", "service_request", "service request")):
        return "sc_req_item"
    return "sc_req_item" if not named.strip() and row.get("number", "").upper().startswith("RITM") else "incident"


def _clean(row: dict[str, str], kind: str) -> Iterator[str]:
    """Write words as ServiceNow stores them; yield a finding for each that cannot be."""
    if not row.get("number"):
        yield NO_NUMBER
    yield from _clean_state(row, kind)
    priority = row.get("priority", "")
    row["priority"] = priority[:1] if re.match(r"[1-5]( - |$)", priority) else priority
    if not re.fullmatch(r"[1-5]", row["priority"]):
        yield "priority is none of 1 to 5"
    for name in DATES:
        if name in row and not _clean_date(row, name):
            yield f"{name}{NO_DATE}"


def _clean_state(row: dict[str, str], kind: str) -> Iterator[str]:
    raw = next((row[column] for column in STATE_COLUMNS if row.get(column)), "")
    words = REQUEST_WORDS if kind == "sc_req_item" else INCIDENT_WORDS
    code = "3" if kind == "incident" and raw.lower().startswith("awaiting") else words.get(raw.lower(), raw)
    row["state"] = code
    if kind == "incident":
        row["incident_state"] = code
    row["active"] = "false" if code in (("3", "4", "7") if kind == "sc_req_item" else ("7", "8")) else "true"
    if not re.fullmatch(r"-?\d+", code):
        yield "the state is not known"


def _clean_date(row: dict[str, str], name: str) -> bool:
    """Write a date-time as ServiceNow stores it: UTC, without an offset."""
    try:
        moment = _moment(row[name]) if row[name] else None
    except (ValueError, OverflowError):
        return False
    if moment is not None:
        row[name] = f"{moment:%Y-%m-%d %H:%M:%S}"
    return True


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.strptime(text, GERMAN_DATE)  # noqa: DTZ007 the export is in UTC by definition
    return moment.astimezone(UTC) if moment.tzinfo else moment
