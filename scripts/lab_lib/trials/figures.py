"""What was measured, against what was promised: one table for people, one JSON file for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

PATIENCE = 3
"""a busy machine may take this many times as long as promised before a time counts as failed"""


@dataclass(frozen=True, slots=True)
class Target:
    """`most` or `least` is promised. `time`: judged with patience; scores and counts are not."""

    what: str
    unit: str
    most: float | None = None
    least: float | None = None
    time: bool = False

    def passed(self, value: float) -> bool:
        if self.least is not None:
            return value >= self.least
        return self.most is None or value <= self.most * (PATIENCE if self.time else 1)

    def words(self) -> str:
        if self.least is not None:
            return f"at least {self.least:g}"
        return "" if self.most is None else f"at most {self.most:g}"


TARGETS = {
    "lab_up": Target("the lab is up, from caches", "s", most=90, time=True),
    "vpn_host_killed": Target("VPN host killed, traffic to customer A flows again", "s", most=5, time=True),
    "vpn_host_killed_later": Target(
        "the other VPN host killed later, traffic through the first again", "s", most=5, time=True
    ),
    "vpn_held_back": Target("VPN host killed too soon after its takeover: the other waits for", "s", least=19.9),
    "vpn_goes_on": Target("three takeovers in an hour, the fourth held back: the lost host is back", "s", time=True),
    "planned_takeover": Target("planned takeover, traffic to customer A flows again", "s", time=True),
    "customer_gateway_back": Target("customer's gateway back, only responding: traffic", "s", most=15, time=True),
    "watchdog_after_refusal": Target("after a refusal: the watchdog brings the tunnel up", "s", time=True),
    "rekey_lost": Target("requests lost while keys are replaced under load", "", most=0),
    "wire_in_clear": Target("packets in clear between the gateways", "", most=0),
    "release_gap": Target("release rolled out: without an answer", "s", most=5, time=True),
    "refused_release_gap": Target("release taken back: without an answer, the longest", "s", most=5, time=True),
    "release_seconds": Target("release rolled out, from the command to its end", "s", time=True),
    "instance_boots": Target("an instance configures itself, from user data to the release", "s", most=600, time=True),
    "new_customer": Target("new customer, from site file to first tunnel", "s", time=True),
    "restore": Target("backup, wipe, restore: the audit chain verifies", "s", time=True),
    "lynis_portal": Target("lynis, portal", "", least=80),
    "lynis_vpn": Target("lynis, VPN host", "", least=80),
    "units_exposure": Target("systemd-analyze, the most exposed unit of ours", "", most=2.5),
    "openscap_unwaived": Target("OpenSCAP on Debian 12: failed rules without a waiver", "", most=0),
    "unexpected_ports": Target("open ports that are on no list", "", most=0),
}
"""every figure that a run reports; one without a target is reported only"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One value that was measured."""

    name: str
    value: float
    note: str = ""

    @property
    def target(self) -> Target:
        return TARGETS.get(self.name) or Target(self.name.replace("_", " "), "s", time=True)

    @property
    def passed(self) -> bool:
        return self.target.passed(self.value)

    def shown(self) -> str:
        number = f"{self.value:.1f}" if self.target.unit == "s" else f"{self.value:g}"
        return f"{number} {self.target.unit}".strip()


def table(figures: Iterable[Figure]) -> Table:
    shown = Table(title="Measured", title_justify="left")
    for heading in ("what", "measured", "promised", "", "note"):
        shown.add_column(heading, justify="right" if heading == "measured" else "left", overflow="fold")
    for figure in figures:
        mark = "[green]ok[/]" if figure.passed else "[bold red]FAILED[/]"
        shown.add_row(figure.target.what, figure.shown(), figure.target.words(), mark, figure.note)
    return shown


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """[{"name", "value", "note", "what", "unit", "most", "least", "passed"}]"""
    return [
        {**asdict(figure), **{k: v for k, v in asdict(figure.target).items() if k != "time"}, "passed": figure.passed}
        for figure in figures
    ]


def write(path: Path, content: object) -> None:
    """All of the file or nothing of it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, indent=1) + "\n")
    part.replace(path)
