"""The annex of 10,000 tickets and the whole proforma, against Chromium's untagged print-to-pdf of the same table.

CPU seconds of fresh processes with all of their children, interpreter and imports included; both sides alternate in one
run, and the middle of three counts. `python tests/bench/bench_annex.py` prints the figures.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

TICKETS = 10_000
ROUNDS = 3
ROOT = Path(__file__).parents[2]
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-pdf-header-footer", "--disable-pdf-tagging",
)  # fmt: skip
STYLE = """
@page { size: A4; margin: 20mm 18mm 24mm }
body { font: 7.3pt Lato; margin: 0 } table { border-collapse: collapse; width: 100% } h2 { font-size: 9.2pt }
th { text-align: left; border-bottom: .8pt solid #0b5d6b } td { border-bottom: .4pt solid #dde3e8; vertical-align: top }
th, td { padding: 2pt 4pt 2pt 0 } td:nth-child(-n+4) { white-space: nowrap } td:last-child { text-align: right }
"""

# Run by path in a process of its own: prints CPU seconds of itself and its children, peak kB of its memory, bytes made.
MEASURED = """
import os, pickle, resource, sys
made = pickle.load(open(sys.argv[2], "rb"))
from portal.exporters import pdf
data = pdf.annex_pdf(made) if sys.argv[1] == "annex" else pdf.export(made).data
open(sys.argv[3], "wb").write(data)
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(sum(each.ru_utime + each.ru_stime for each in used), peak, len(data))
"""


def cpu_and_peak(what: str, made: Path, out: Path) -> tuple[float, float]:
    """CPU seconds and peak MB of our `annex` or `whole`, in a fresh process."""
    command = [sys.executable, "-c", MEASURED, what, str(made), str(out)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'app'}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    seconds, peak, _size = done.stdout.split()
    return float(seconds), int(peak) / 1024


def chromium_cpu(page: Path, out: Path) -> float:
    """CPU seconds of Chromium and all of its processes for printing `page` to `out`."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("Chromium is not installed: apt-get install --no-install-recommends chromium")
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *CHROMIUM, f"--user-data-dir={profile}", f"--print-to-pdf={out}", page.as_uri()]
        return _cpu_of(command)


def _cpu_of(command: list[str]) -> float:
    """Waits in a process of its own, which takes in orphans too, so that no renderer or crash handler is left out."""
    script = (
        "import ctypes, os, resource, subprocess, sys\n"
        "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"  # PR_SET_CHILD_SUBREAPER
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=300)\n"
        "try:\n"
        "    while True: os.wait()\n"
        "except ChildProcessError: pass\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, *command], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=330)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return float(said)


def table(made: Any) -> str:
    """The annex as plain HTML: the same words in the same columns, one table a line."""
    from portal.exporters.layout.annex import annex

    listed = annex(made)
    assert listed is not None
    parts = [f"<!DOCTYPE html><meta charset=utf-8><style>{STYLE}</style>"]
    for section in listed.sections:
        heads = ("Ticket", "Kind", "Opened", section.counted, "Summary", "Group", made.currency)
        parts.append(f"<h2>{escape(section.title)}</h2><table><thead><tr>")
        parts.extend(f"<th>{escape(head)}</th>" for head in heads)
        parts.append("</tr></thead><tbody>")
        parts.extend("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows)
        parts.append("</tbody></table>")
    return "".join(parts)


def figures() -> list[dict[str, Any]]:
    """Three figures: CPU of the annex, CPU of the whole file, peak memory of the whole file."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        page = _prepare(there)
        rounds = [_round(there, page) for _ in range(ROUNDS)]
    annex, whole, chromium, peak = (statistics.median(side) for side in zip(*rounds, strict=True))
    return [
        _faster(f"annex of {TICKETS:,} tickets, CPU against Chromium's print-to-pdf", annex, chromium, 8.0),
        _faster(f"whole proforma of {TICKETS:,} tickets, CPU against Chromium's print-to-pdf", whole, chromium, 5.0),
        {
            "name": f"whole proforma of {TICKETS:,} tickets, peak memory",
            "ours": round(peak, 1),
            "baseline": 150.0,
            "ratio": round(150 / peak, 2),
            "target": 1.0,
            "met": peak < 150,
            "unit": "MB",
        },
    ]


def _prepare(there: Path) -> Path:
    import pickle

    from tests.support.proforma_samples import content

    made = content(6, TICKETS)
    (there / "made.pickle").write_bytes(pickle.dumps(made))
    (there / "page.html").write_text(table(made), "utf-8")
    return there / "page.html"


def _round(there: Path, page: Path) -> tuple[float, float, float, float]:
    made = there / "made.pickle"
    annex, _ = cpu_and_peak("annex", made, there / "annex.pdf")
    whole, peak = cpu_and_peak("whole", made, there / "whole.pdf")
    chromium = chromium_cpu(page, there / "chromium.pdf")
    _check(there)
    return annex, whole, chromium, peak


def _check(there: Path) -> None:
    """The other side printed the table, and printed it untagged: a race against a failure proves nothing."""
    import pikepdf

    with pikepdf.open(there / "chromium.pdf") as pdf:
        if "/StructTreeRoot" in pdf.Root or len(pdf.pages) < TICKETS // 100:
            raise RuntimeError("Chromium's PDF is tagged or has too few pages.")


def _faster(name: str, ours: float, baseline: float, target: float) -> dict[str, Any]:
    ratio = baseline / ours
    return {
        "name": name,
        "ours": round(ours, 3),
        "baseline": round(baseline, 3),
        "ratio": round(ratio, 2),
        "target": target,
        "met": ratio >= target,
        "unit": "CPU s",
    }


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "app"), str(ROOT)]
    sys.stdout.write(json.dumps(figures(), indent=2) + "\n")
