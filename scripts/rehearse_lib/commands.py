"""What a rehearsal runs, in the words of docs/deploy.md: without what only a machine needs to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/deploy.md"
FOR_MACHINES = re.compile(r"-(input|refresh|parallelism|plugin-dir)=.*|-(json|reconfigure|auto-approve)|--export")
ran: list[str] = ["./scripts/setup --dev"]
"""in the order of this process; ./scripts/rehearse itself begins with the first"""


def note(*words: str) -> None:
    """A command that was run."""
    if (line := _plain(words)) not in ran:
        ran.append(line)


def _plain(words: Iterable[str]) -> str:
    return " ".join(word for word in words if not FOR_MACHINES.fullmatch(word))


def blocks(page: Path = PAGE) -> list[tuple[str, list[str]]]:
    """(`rehearsed` or `by hand`, commands) of each block. Raises ValueError for a block that says neither."""
    found = []
    for info, text in re.findall(r"^```([^\n]*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        kind = info.removeprefix("sh ")
        if kind not in ("rehearsed", "by hand"):
            raise ValueError(
                f"{page.name}: a block begins with ```{info}, and not with ```sh rehearsed or ```sh by hand"
            )
        found.append((kind, text.strip().splitlines()))
    return found


def unkept(page: Path = PAGE, known: Sequence[str] | None = None) -> list[str]:
    """Commands that the page calls rehearsed and that were not run. Where output goes is the page's own."""
    promised = [line.partition(" > ")[0] for kind, lines in blocks(page) if kind == "rehearsed" for line in lines]
    return [line for line in promised if _plain(line.split()) not in (ran if known is None else known)]
