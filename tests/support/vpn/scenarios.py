"""The scenarios of scripts/lab_lib/trials/scenarios.py, run in network namespaces."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scripts.lab_lib.trials import scenarios
from scripts.lab_lib.trials.scenarios import Scenario, read
from tests.support.vpn.namespaces import Namespaces

__all__ = ["Host", "Scenario", "failures", "read", "until"]

PRELUDE = 'reach() { curl --silent --max-time 1 --interface "$SELF" "http://$1:$2/"; }\n'


@dataclass(frozen=True)
class Host:
    """A namespace and the address it speaks from."""

    namespace: str
    address: str


def failures(
    wanted: Iterable[Scenario], hosts: Mapping[str, Host], lab: Namespaces, settings: Mapping[str, str] | None = None
) -> list[str]:
    """What was not as expected, one line each. `settings`: shell variables."""
    prelude = "".join(f"{name}={value}\n" for name, value in (settings or {}).items()) + PRELUDE

    def run(name: str, command: str) -> str:
        done = lab.sh(hosts[name].namespace, f"SELF={hosts[name].address}\n{prelude}{command}")
        return done.stdout + done.stderr

    return scenarios.failures(wanted, run)


def until(seconds: float) -> Iterator[float]:
    """Ticks until the time is over: `for _ in until(5): if ready: break; else: fail`."""
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        yield end - now
        time.sleep(0.1)
