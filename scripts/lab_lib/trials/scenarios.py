"""Scenarios as data: `host::command::regular expression::YES|NO`, in sections. After strongSwan's own tests.

Lines before the first one of a section that begin with # say what the section promises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[str, str], str]
"""(host, command of a shell) -> all that it said"""
TRIES = 3
"""a busy machine may answer late; it may not answer wrongly"""
AT_ONCE = 16


class ScenarioError(Exception):
    """A line that is no scenario: file, line, and what was expected."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`expression` must (`expected`) or must not be found in what the command says on the host."""

    line: int
    host: str
    command: str
    expression: str
    expected: bool


def read(path: Path) -> dict[str, list[Scenario]]:
    """Sections by their name in brackets. Raises ScenarioError."""
    sections: dict[str, list[Scenario]] = {}
    name = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("["):
            name = line.strip("[]")
            sections.setdefault(name, [])
        elif line and not line.startswith("#"):
            sections.setdefault(name, []).append(_scenario(path, number, line))
    return sections


def _scenario(path: Path, number: int, line: str) -> Scenario:
    parts = line.split("::")
    if len(parts) != 4 or parts[3] not in ("YES", "NO"):
        raise ScenarioError(f"{path.name}, line {number}: write host::command::regular expression::YES or NO: {line}")
    host, command, expression, expected = parts
    return Scenario(number, host, command, expression, expected == "YES")


def failures(scenarios: Iterable[Scenario], run: Run) -> list[str]:
    """What was not as expected, one line each. They run at once, so none may change anything."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [failure for failure in pool.map(lambda scenario: _failure(scenario, run), scenarios) if failure]


def _failure(scenario: Scenario, run: Run) -> str:
    said = ""
    for _ in range(TRIES if scenario.expected else 1):
        said = run(scenario.host, scenario.command)
        if bool(re.search(scenario.expression, said)) is scenario.expected:
            return ""
    wanted = "was expected" if scenario.expected else "must not be"
    place = f"line {scenario.line}: {scenario.host}: {scenario.command}"
    return f"{place}: {scenario.expression} {wanted}: {said.strip()[-400:]!r}"
