"""What is wrong with a file that a person wrote: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding. `file` as it was named, `line` from 1, `what` and `remedy` are sentences."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.remedy}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem by its place in the document, for example ("networks", "theirs", 0)."""

    place: tuple[str | int, ...]
    what: str
    remedy: str


class RefusedError(Exception):
    """The files are not fit to be used. Nothing has been written and nothing has been touched."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
