"""Real incidents from the ServiceNow export that PROFORMA_REAL_TICKETS names; a number's last row counts."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.request_tracker_tickets import CLOSED_ON, EXTERNAL_NUMBER, PRIORITY_CLASS, SeedTicket

VARIABLE = "PROFORMA_REAL_TICKETS"
Row = dict[str, str]


def last_rows() -> list[Row]:
    """The final state of every incident, by number. The test is skipped where the file is not at hand."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        pytest.skip(f"{VARIABLE} does not name a file of real incidents")
    data = Path(named).read_bytes()
    text = (gzip.decompress(data) if named.endswith(".gz") else data).decode()
    final = {row["number"]: row for row in csv.DictReader(text.splitlines())}
    return [final[number] for number in sorted(final)]


def sample(rows: list[Row], *, month: str, every: int) -> list[Row]:
    """Each `every`th incident, and those next to the edges of a month (YYYY-MM), where mistakes are made."""
    ordered = sorted((row for row in rows if row["resolved_at"]), key=lambda row: row["resolved_at"])
    inside = [i for i, row in enumerate(ordered) if row["resolved_at"].startswith(month)]
    edges = ordered[max(0, inside[0] - 5) : inside[0] + 5] + ordered[inside[-1] - 4 : inside[-1] + 6]
    chosen = {row["number"]: row for row in [*rows[::every], *edges]}
    return list(chosen.values())


def as_ticket(row: Row) -> SeedTicket:
    """An incident as it stands in RT after an import; without its people."""
    return SeedTicket(
        subject=f"Incident {row['number']}",
        status="resolved",
        resolved=_instant(row["resolved_at"]),
        created=_instant(row["opened_at"]),
        updated=_instant(row["sys_updated_on"]),
        fields={EXTERNAL_NUMBER: row["number"], PRIORITY_CLASS: row["priority"], CLOSED_ON: row["closed_at"]},
    )


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
