"""One step after another, shown with its time; a step that fails is named with the place of its log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.status import Status

Say = Callable[[str], None]
"""tells what a step is at just now"""


@dataclass
class Steps:
    """`times`: step -> seconds, in the order in which they ended."""

    console: Console
    record: Path
    times: dict[str, float] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[Say]:
        """Show it, and its time when it is done. On failure the line says so, and the error goes on."""
        begun, notes = time.monotonic(), list[str]()
        with self.console.status(f"{name} ...") as status:
            try:
                yield _speaker(status, name, notes)
            except BaseException:
                self.console.print(f"[bold red]failed[/] {name} after {time.monotonic() - begun:.1f} s")
                raise
        self.times[name] = round(time.monotonic() - begun, 1)
        note = f" [dim]{notes[-1]}[/]" if notes else ""
        self.console.print(f"[green]{self.times[name]:6.1f} s[/] {name}{note}", highlight=False)

    def write(self, *, from_caches: bool) -> None:
        """`from_caches`: no layer and no release had to be made, so that the time may be compared."""
        total = round(time.monotonic() - self.begun, 1)
        found = {"seconds": total, "from_caches": from_caches, "steps": self.times}
        self.record.write_text(json.dumps(found, indent=1) + "\n")


def _speaker(status: Status, name: str, notes: list[str]) -> Say:
    def say(text: str) -> None:
        notes.append(text)
        status.update(f"{name}: {text}")

    return say
