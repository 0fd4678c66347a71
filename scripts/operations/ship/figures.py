"""The monitor's report as figures for CloudWatch. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Figure = tuple[str, float, str]


def figures(report: dict[str, Any]) -> list[Figure]:
    """(name, value, unit). What the host does not have is left out: an alarm on missing figures is then possible."""
    facts = report.get("facts", {})
    levels = [one.get("level") for one in report.get("findings", [])]
    return [
        ("Errors", float(levels.count("error")), "Count"),
        ("Warnings", float(levels.count("warning")), "Count"),
        ("UnitsFailed", float(len(facts.get("units_failed", []))), "Count"),
        *_machine(facts),
        *_work(facts.get("work") or {}),
        *_vpn(facts.get("vpn") or {}),
    ]


def _machine(facts: dict[str, Any]) -> Iterator[Figure]:
    free = [one["free_percent"] for one in facts.get("disk", {}).values()]
    if free:
        yield "DiskFreePercent", float(min(free)), "Percent"
    offset = facts.get("time", {}).get("offset_seconds")
    if offset is not None:
        yield "ClockOffset", abs(float(offset)), "Seconds"
    age = facts.get("backup", {}).get("age_hours")
    if age is not None:
        yield "BackupAgeHours", float(age), "None"
    if days := facts.get("days_left"):
        yield "DaysUntilFirstCertificateEnds", float(min(days.values())), "None"


def _work(work: dict[str, Any]) -> Iterator[Figure]:
    if stages := work.get("work"):
        yield "WorkOverdue", float(sum(one.get("overdue", 0) for one in stages.values())), "Count"
        yield "WorkStopped", float(sum(one.get("stopped", 0) for one in stages.values())), "Count"
    if (late := work.get("months_late")) is not None:
        yield "MonthsLate", float(len(late)), "Count"


def _vpn(vpn: dict[str, Any]) -> Iterator[Figure]:
    if vpn.get("tunnels_wanted") is not None:
        up, wanted = float(vpn.get("tunnels_up") or 0), float(vpn["tunnels_wanted"])
        yield "TunnelsUp", up, "Count"
        yield "TunnelsDown", wanted - up, "Count"
