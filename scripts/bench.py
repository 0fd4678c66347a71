"""The promised speeds, each side measured in the same run. Started by ./scripts/bench, which sets up first.

Every tests/bench/bench_*.py has `figures() -> list[dict]`, each with name, ours, baseline, ratio, target, met, unit.
A file runs in a process of its own, with a private PostgreSQL whose tables are made.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts import postgres, rehearsal

FOLDER = rehearsal.ROOT / "tests" / "bench"
KEYS = frozenset({"name", "ours", "baseline", "ratio", "target", "met", "unit"})
Figure = dict[str, Any]


def bench_files(names: Sequence[str]) -> list[Path]:
    """All, or those whose name holds one of `names`."""
    files = sorted(FOLDER.glob("bench_*.py"))
    return [f for f in files if not names or any(name in f.stem for name in names)]


def measure(file: Path, environment: dict[str, str], result: Path) -> list[Figure]:
    """Run one file in a fresh process. Raises ValueError when it fails or its figures are not whole."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench", "--one", str(file), "--json", str(result)],
        cwd=rehearsal.ROOT,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"{file.name} failed (exit code {done.returncode}, see above).")
    figures: list[Figure] = json.loads(result.read_text())
    for figure in figures:
        if missing := sorted(KEYS - figure.keys()):
            raise ValueError(f"{file.name}: a figure lacks {', '.join(missing)}.")
    return figures


def one(file: Path, result: Path) -> int:
    """The fresh process: call figures() of one file."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    result.write_text(json.dumps(importlib.import_module(f"tests.bench.{file.stem}").figures()))
    return 0


def run_all(files: Sequence[Path], console: Console) -> Iterator[Figure]:
    """Figures as they come; a file that fails gives one that is not met and says why."""
    with tempfile.TemporaryDirectory(prefix="proforma-") as state, postgres.for_tests() as cluster:
        environment = rehearsal.surroundings(Path(state), cluster)
        migrate = [sys.executable, "app/manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=rehearsal.ROOT, env=environment, check=True)
        for file in files:
            begun = time.monotonic()
            try:
                yield from measure(file, environment, Path(state) / "figures.json")
            except ValueError as error:
                yield dict.fromkeys(KEYS) | {"name": file.stem, "met": False, "unit": str(error)}
            console.print(f"{file.name}: {time.monotonic() - begun:.0f} s", style="dim", highlight=False)


def show(figures: Sequence[Figure], console: Console) -> None:
    table = Table(title="./scripts/bench", title_justify="left")
    for heading in ("figure", "ours", "baseline", "ratio", "target", "met"):
        table.add_column(heading, justify="left" if heading in ("figure", "met") else "right")
    for f in figures:
        amounts = (
            f"{_number(f['ours'])} {f['unit']}",
            _number(f["baseline"]),
            _number(f["ratio"]),
            _number(f["target"]),
        )
        table.add_row(str(f["name"]), *amounts, "[green]yes[/]" if f["met"] else "[bold red]NO[/]")
    console.print(table)


def _number(value: Any) -> str:
    return f"{value:,.2f}" if isinstance(value, int | float) else str(value if value is not None else "-")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./scripts/bench", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the list of figures there")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="only files whose name holds one of these (default: all)")
    options = parser.parse_args(arguments)
    if options.one:
        return one(options.one, options.json)
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120)
    figures = list(run_all(bench_files(options.names), console))
    show(figures, console)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if figures and all(f["met"] for f in figures) else 1


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except postgres.PostgresError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(69) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
