"""The whole month with 10,000 tickets, as ./scripts/demo plays it: the largest process of all that take part."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TICKETS, LIMIT_MB = 10_000, 400


def figures() -> list[dict[str, Any]]:
    """Peak resident memory in MB; `baseline` is the limit."""
    with tempfile.TemporaryDirectory() as directory:
        peaks = _play(Path(directory))
        summary = json.loads((Path(directory) / "summary.json").read_text())
    if summary["source_total"] < TICKETS:
        raise RuntimeError(f"the month had only {summary['source_total']} tickets")
    name, peak = max(peaks.items(), key=lambda item: item[1])
    return [
        {
            "name": f"whole month, {TICKETS:,} tickets: memory of the largest process ({name}), MB",
            "ours": peak,
            "baseline": LIMIT_MB,
            "ratio": round(LIMIT_MB / peak, 2),
            "target": 1.0,
            "met": peak <= LIMIT_MB,
            "unit": "MB",
        }
    ]


def _play(directory: Path) -> dict[str, int]:
    """Peak of each kind of process by name."""
    command = [str(ROOT / "scripts/demo"), "--once", "--tickets-count", str(TICKETS), "--out", str(directory)]
    peaks: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
        watcher.start()
        output = process.communicate()[0]
        done.set()
        watcher.join()
    if process.returncode:
        raise RuntimeError(f"the demo ended with {process.returncode}:\n{output[-2000:]}")
    return peaks


def _watch(root: int, peaks: dict[str, int], done: threading.Event) -> None:
    while not done.wait(0.1):
        for pid in _tree(root):
            name, peak = _peak(pid)
            peaks[name] = max(peak, peaks.get(name, 0))


def _tree(root: int) -> Iterator[int]:
    """A process and all below it."""
    yield root
    for task in _read(Path(f"/proc/{root}/task/{root}/children")).split():
        yield from _tree(int(task))


def _peak(pid: int) -> tuple[str, int]:
    """Name and peak resident size in MB; of a process that has gone meanwhile, nothing."""
    status = dict(line.split(":", 1) for line in _read(Path(f"/proc/{pid}/status")).splitlines() if ":" in line)
    words = _read(Path(f"/proc/{pid}/cmdline")).split("\0")
    name = next(
        (word for word in ("celery", "gunicorn", "sandbox", "demo_month", "postgres") if word in words), "other"
    )
    return name, int(status.get("VmHWM", "0 kB").split()[0]) // 1024


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))  # noqa: T201
