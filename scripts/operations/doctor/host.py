"""The host as the checks see it: its files below a root (a test can make one up), its programs, its settings."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIGURATION = "/etc/proforma/doctor.json"
PATIENCE = 20.0
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: which one; `what` a sentence; `cause`: why it comes about; `remedy`: what to do next."""

    check: str
    level: str
    what: str
    cause: str
    remedy: str
    where: str = ""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return (
            f"{self.level.upper():<7} {self.check}: {self.what}{place}\n  cause:  {self.cause}\n  remedy: {self.remedy}"
        )


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended and what it said; code 127 when it is not there, 124 when it took too long."""

    code: int
    out: str
    err: str = ""


@dataclass(slots=True)
class Host:
    """`facts` is filled by the checks: figures for the monitor, none of them secret. `root_user`: nothing is hidden."""

    root: Path = Path("/")
    root_user: bool = field(default_factory=lambda: os.geteuid() == 0)
    facts: dict[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str:
        """ "" when it is not there or may not be read."""
        try:
            return self.path(name).read_text(errors="replace")
        except OSError:
            return ""

    def json(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self.read(name) or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def settings(self) -> dict[str, Any]:
        """What the role `observability` wrote: roles, timeserver, names, backup_hours."""
        return self.json(CONFIGURATION)

    def has(self, role: str) -> bool:
        """Whether this host has a role, by its settings or by what is installed."""
        unit = {"portal": "proforma-web.service", "worker": "proforma-worker.service", "vpn": "vpn-watchdog.service"}[
            role
        ]
        if "roles" in self.settings:
            return role in self.settings["roles"]
        return self.path(f"/etc/systemd/system/{unit}").exists()

    def run(self, *command: str, seconds: float = PATIENCE) -> Said:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", check=False, timeout=seconds,
                stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Said(124, "", f"no answer in {seconds:g} s")
        except OSError as error:
            return Said(127, "", error.strerror or "")
        return Said(done.returncode, done.stdout, done.stderr)
