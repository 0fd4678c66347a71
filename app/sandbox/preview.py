"""What an export holds, month by month, and which rows might be missing from a month without anybody noticing.

Tickets are looked for by date, so one whose date cannot be read comes in no answer. Incidents count by resolved_at, or
by closed_at where they have none; requested items count by closed_at. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.export_file import NO_NUMBER, Doubt, Export
from sandbox.office_hours import MonthWindow

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """`months`: YYYY-MM -> tickets that count in it. `doubts`: rows that may belong to the month that was asked for,
    but would not come with it. `findings`: everything that is wrong in the file, those among it."""

    name: str
    months: dict[str, int]
    doubts: tuple[Doubt, ...]
    findings: tuple[str, ...]


def preview(export: Export, period: str, zone: ZoneInfo) -> Preview:
    """`period` is YYYY-MM in `zone`. Raises ConfigError when it is none."""
    window = MonthWindow.parse(period, zone)
    moments = map(_counted_at, export.rows)
    months = Counter(f"{moment.astimezone(zone):%Y-%m}" for moment in moments if moment)
    doubts = tuple(doubt for doubt in export.doubts if _may_belong(doubt, window))
    return Preview(export.name, dict(sorted(months.items())), doubts, export.findings)


def _may_belong(doubt: Doubt, window: MonthWindow) -> bool:
    """Whether the row, if it could be read, might belong to the month. A shifted row might belong to any."""
    if doubt.shifted:
        return True
    if counted_at := _counted_at(doubt.row):
        return doubt.what == NO_NUMBER and window.start <= counted_at < window.end  # dated rows come with their month
    opened, closed = (_moment(doubt.row.get(name, "")) for name in ("opened_at", "closed_at"))
    too_late, too_early = opened and opened >= window.end, closed and closed < window.start
    return _has_date(doubt.row) and not too_late and not too_early


def _counted_at(row: Row) -> datetime | None:
    """The instant by which the ticket counts; None when it has none, or none that can be read."""
    return _moment(_counting_text(row))


def _counting_text(row: Row) -> str:
    resolved = row.get("resolved_at", "") if row["sys_class_name"] == "incident" else ""
    return resolved or row.get("closed_at", "")


def _has_date(row: Row) -> bool:
    """Open tickets have none: they belong to no month yet."""
    return _counting_text(row) != ""


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
