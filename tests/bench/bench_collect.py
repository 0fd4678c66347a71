"""Collecting 100,000 tickets at 30 ms a request: slices side by side against one page after another.

Both sides are the same client on the same replay server, taking turns; the best turn of each side counts, for whatever
else the machine does can only add to it.
`python tests/bench/bench_collect.py` prints the figures; ./scripts/bench collects them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.periods import Period
from portal.domain.sources import Credential, SourceAccess
from portal.lib.hashing import pseudonym_function
from portal.sources.servicenow.client import open_source

ROWS = 100_000
LATENCY_MS = 30
ROUNDS = 4
TARGET = 5.0


@contextmanager
def replay(rows: int = ROWS, latency_ms: int = LATENCY_MS) -> Iterator[str]:
    """The base URL of a replay server that runs in a process of its own."""
    script = Path(__file__).with_name("replay_server.py")
    command = [sys.executable, str(script), str(rows), str(latency_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.communicate(timeout=10)


def collect(base_url: str, parallel: int) -> float:
    """Seconds to read the month; the reading proves itself complete."""
    credential = Credential({"username": "bench", "password": "bench"})
    pseudonym = pseudonym_function(b"a key for the benchmark only")
    source = open_source(SourceAccess(base_url, credential, {"parallel": parallel}, pseudonym, allow_loopback=True))
    began = time.perf_counter()
    came = sum(len(page.tickets) for page in source.read(Period(2026, 3).window(ZoneInfo("UTC"))))
    seconds = time.perf_counter() - began
    if came != ROWS:
        raise RuntimeError(f"{came} tickets came instead of {ROWS}")
    return seconds


def figures() -> list[dict[str, Any]]:
    """One figure: seconds of both sides, and how many times faster ours is."""
    with replay() as base_url:
        collect(base_url, 8)  # the server encodes its pages, both sides warm up
        collect(base_url, 1)
        rounds = [(collect(base_url, 8), collect(base_url, 1)) for _ in range(ROUNDS)]
    ours, baseline = (min(side) for side in zip(*rounds, strict=True))
    ratio = baseline / ours
    return [
        {
            "name": f"collect {ROWS:,} tickets at {LATENCY_MS} ms a request, slices side by side",
            "ours": round(ours, 3),
            "baseline": round(baseline, 3),
            "ratio": round(ratio, 2),
            "target": TARGET,
            "met": ratio >= TARGET,
            "unit": "s",
        }
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(figures(), indent=2) + "\n")
