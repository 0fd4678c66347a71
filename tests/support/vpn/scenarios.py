"""Scenarios as data: `host::command::regular expression::YES|NO`, in sections. After strongSwan's own tests."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support.vpn.namespaces import Namespaces

PRELUDE = 'reach() { curl --silent --max-time 1 --interface "$SELF" "http://$1:$2/"; }\n'


@dataclass(frozen=True)
class Host:
    """A namespace and the address it speaks from."""

    namespace: str
    address: str


@dataclass(frozen=True)
class Scenario:
    line: int
    host: str
    command: str
    expression: str
    expected: bool


def read(path: Path) -> dict[str, list[Scenario]]:
    """Sections by their name in brackets."""
    sections: dict[str, list[Scenario]] = {}
    name = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            host, command, expression, expected = line.split("::")
            sections.setdefault(name, []).append(Scenario(number, host, command, expression, expected == "YES"))
    return sections


def failures(
    scenarios: Iterable[Scenario], hosts: Mapping[str, Host], lab: Namespaces, settings: Mapping[str, str] | None = None
) -> list[str]:
    """What was not as expected, one line each. They run at once: none changes anything. `settings`: shell variables."""
    prelude = "".join(f"{name}={value}\n" for name, value in (settings or {}).items()) + PRELUDE
    with ThreadPoolExecutor(16) as pool:
        outcomes = pool.map(lambda scenario: _failure(scenario, hosts[scenario.host], lab, prelude), scenarios)
        return [failure for failure in outcomes if failure]


def _failure(scenario: Scenario, host: Host, lab: Namespaces, prelude: str) -> str:
    said = ""
    for _ in range(3 if scenario.expected else 1):  # a busy machine may answer late; it may not answer wrongly
        done = lab.sh(host.namespace, f"SELF={host.address}\n{prelude}{scenario.command}")
        said = done.stdout + done.stderr
        if bool(re.search(scenario.expression, said)) is scenario.expected:
            return ""
    wanted = "was expected" if scenario.expected else "must not be"
    return (
        f"line {scenario.line}: {scenario.host}: {scenario.command}: {scenario.expression} {wanted}: {said.strip()!r}"
    )


def until(seconds: float) -> Iterator[float]:
    """Ticks until the time is over: `for _ in until(5): if ready: break; else: fail`."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        yield end - now
        time.sleep(0.1)
