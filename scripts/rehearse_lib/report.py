"""What was done, how long it took, and what moto cannot prove."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

UNPROVEN = (
    "actions of alarms, and schedules that fire",
    "object lock and conditions of policies being enforced",
    "API Gateway's way in: handlers are run by a harness with its events instead",
    "Lambda running on events: moto echoes",
    "Aurora's engine: parameters are set, no PostgreSQL is behind the endpoint",
    "encryption of images: what Packer asked for is looked at, nothing is encrypted",
    "packets: security groups and routes are looked at, nothing is sent",
    "Ansible's connection over Session Manager: its bucket and every host's way there are looked at",
    "account-wide guards (public access block, defaults of metadata): moto knows neither",
)


@dataclass(slots=True)
class Report:
    """Lines of one rehearsal."""

    title: str
    steps: list[tuple[str, float, str]] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    differences: dict[str, int] = field(default_factory=dict)
    """of moto, seen in the second plan: how many resources, by the reason"""

    def step(self, name: str, seconds: float, note: str = "") -> None:
        """Noted, and told at once: a rehearsal takes minutes."""
        self.steps.append((name, seconds, note))
        sys.stderr.write(f"{self.title}: {name}, {seconds:.0f} s {note}\n")

    def resources(self, seconds: dict[str, float]) -> None:
        self.slowest = sorted(((taken, address) for address, taken in seconds.items()), reverse=True)

    def every(self) -> str:
        """Seconds of each resource that was made; "" where none was."""
        if not self.slowest:
            return ""
        lines = [f"## {self.title}: {len(self.slowest)} resources", "", "| resource | seconds |", "|---|---:|"]
        return "\n".join(lines + [f"| `{address}` | {seconds:.0f} |" for seconds, address in self.slowest]) + "\n"

    def text(self) -> str:
        lines = [f"## {self.title}", "", "| step | seconds | |", "|---|---:|---|"]
        lines += [f"| {name} | {seconds:.0f} | {note} |" for name, seconds, note in self.steps]
        lines += [f"| **all** | {sum(s for _, s, _ in self.steps):.0f} | |"]
        lines += ["", "Slowest resources:", ""] if self.slowest else []
        lines += [f"- {seconds:.0f} s {address}" for seconds, address in self.slowest[:10]]
        if self.differences:
            lines += ["", "Differences of moto that the second plan shows, and the resources they concern:", ""]
            lines += [f"- {count}: {reason}" for reason, count in sorted(self.differences.items())]
        return "\n".join(lines) + "\n"


def unproven() -> str:
    return "## What moto cannot prove\n\n" + "\n".join(f"- {one}" for one in UNPROVEN) + "\n"
