"""What an audit found, and which of it is waived with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.host_lib.errors import UsageError

WAIVERS = Path(__file__).with_name("waivers.yml")


@dataclass(frozen=True, slots=True)
class Finding:
    """`id` as the auditor writes it; `detail` tells apart findings of one id; `waived`: the reason, or ""."""

    id: str
    text: str
    detail: str = ""
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """`score` in the auditor's own measure; `wanted` the bound, `better` which side of it is good: `high` or `low`."""

    tool: str
    host: str
    score: float
    wanted: float | None
    better: str
    findings: tuple[Finding, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if not one.waived)

    @property
    def passed(self) -> bool:
        if self.wanted is None:
            return not self.open
        reached = self.score >= self.wanted if self.better == "high" else self.score <= self.wanted
        return reached and not self.open


def waivers(tool: str, path: Path = WAIVERS) -> list[Mapping[str, Any]]:
    """The waivers of one tool. Raises UsageError for one without a reason."""
    found: list[Mapping[str, Any]] = yaml.safe_load(path.read_text()).get(tool) or []
    for one in found:
        if not one.get("id") or len(str(one.get("reason", "")).strip()) < 15:
            remedy = "Say in a sentence why it is not followed, or follow it."
            raise UsageError(f"The waiver {one.get('id', '')!r} has no reason.", where=f"{path}: {tool}", remedy=remedy)
    return found


def judged(found: Iterable[Finding], given: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Each with the reason of the first waiver of its id whose `detail`, if any, stands in it."""
    return tuple(Finding(one.id, one.text, one.detail, _reason(one, given)) for one in found)


def _reason(one: Finding, given: Sequence[Mapping[str, Any]]) -> str:
    fits = (w for w in given if w["id"] == one.id and str(w.get("detail", "")) in f"{one.detail} {one.text}")
    return next((" ".join(str(w["reason"]).split()) for w in fits), "")
