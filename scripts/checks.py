"""Every check of the house, one after another, and a table at the end. Started by ./scripts/test after set-up."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts import postgres, rehearsal

QUICK = "not slow and not rt and not browser and not real_tickets and not vpn"
APPLIANCE = "the whole appliance, and its cloud"
MOLECULE = "every role on its own (--molecule)"
NOTHING = 5
"""pytest's exit code when no test was asked for"""
TOOLS = Path(sys.executable).parent
ROOT = rehearsal.ROOT


@dataclass(frozen=True, slots=True)
class Check:
    """A command and what it holds. `quiet`: its output matters only when it fails."""

    name: str
    command: tuple[str, ...]
    quiet: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    passed: bool | None
    """None: was not asked for"""
    seconds: float
    note: str = ""


def static_checks() -> Iterator[Check]:
    """Those that only read the code."""
    yield Check("style (ruff check)", (tool("ruff"), "check", "--quiet", "."))
    yield Check("layout (ruff format)", (tool("ruff"), "format", "--quiet", "--check", "."))
    if shutil.which("shellcheck"):
        yield Check("scripts in bash (shellcheck)", ("shellcheck", "-x", *bash_scripts()))
    yield Check("types (mypy)", (tool("mypy"), "app", "scripts", "strongswan", "tests"))
    yield Check("who imports whom (lint-imports)", (tool("lint-imports"), "--no-cache"))
    makemigrations = (sys.executable, "app/manage.py", "makemigrations", "--check", "--dry-run")
    yield Check("models and migrations agree", makemigrations)


def tests(quick: bool, extra: Sequence[str], report: Path) -> Check:
    """All tests but the long ones below, on both cores; a file stays on one worker: what it starts is started once."""
    marks = f"not appliance and {QUICK}" if quick else "not appliance"
    return Check("tests (pytest)", (*_pytest(marks, report), *extra), quiet=False)


def appliance(extra: Sequence[str], report: Path) -> Check:
    """The lab, then the rehearsal of the cloud, when nothing else is going on any more: the lab measures times."""
    shown = "-rP"  # the table of figures, the report
    return Check(APPLIANCE, (*_pytest("appliance and not molecule", report, 1), shown, *extra), quiet=False)


def molecule(extra: Sequence[str], report: Path) -> Check:
    return Check(MOLECULE, (*_pytest("molecule", report, 1), *extra), quiet=False)


def _pytest(marks: str, report: Path, workers: int = 2) -> tuple[str, ...]:
    return (tool("pytest"), "--quiet", "-n", str(workers), "--dist", "loadfile", f"--junitxml={report}", "-m", marks)


def tool(name: str) -> str:
    return str(TOOLS / name)


def bash_scripts() -> list[str]:
    """Tracked or new files whose first line names bash."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "scripts", ".ci"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split() if (ROOT / name).open("rb").readline().rstrip().endswith(b"bash")]


def run(check: Check, environment: dict[str, str], console: Console) -> Outcome:
    console.rule(check.name, align="left")
    begun = time.monotonic()
    done = subprocess.run(check.command, cwd=ROOT, env=environment, capture_output=check.quiet, text=True, check=False)
    if done.returncode and check.quiet:
        console.out(done.stdout + done.stderr, highlight=False)
    passed = None if done.returncode == NOTHING and not check.quiet else done.returncode == 0
    return Outcome(check.name, passed, time.monotonic() - begun)


def run_tests(check: Check, report: Path, environment: dict[str, str], console: Console) -> Outcome:
    report.unlink(missing_ok=True)
    outcome = run(check, environment, console)
    return Outcome(outcome.name, outcome.passed, outcome.seconds, counts(report))


def counts(report: Path) -> str:
    """For example "412 passed, 3 skipped", from pytest's report; "" when it wrote none."""
    if not report.exists():
        return ""
    suite = next(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314  our own file
    total, *others = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
    words = zip(others, ("failed", "in error", "skipped"), strict=True)
    return ", ".join([f"{total - sum(others)} passed", *(f"{n} {word}" for n, word in words if n)])


RESULTS = {True: "[green]ok[/]", False: "[bold red]FAILED[/]", None: "[yellow]NOT RUN[/]"}


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    table = Table(title="./scripts/test", title_justify="left")
    for heading, justify in (("check", "left"), ("result", "left"), ("seconds", "right"), ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for o in outcomes:
        table.add_row(o.name, RESULTS[o.passed], f"{o.seconds:.1f}", o.note)
    console.print(table)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./scripts/test", description="Every check. See tests/README.md.")
    parser.add_argument("--quick", action="store_true", help=f"leave out what takes long: -m '{QUICK}'")
    parser.add_argument(
        "--no-appliance", action="store_true", help="without the lab and the rehearsal: a quarter of an hour"
    )
    parser.add_argument("--molecule", action="store_true", help="and molecule's scenarios: half an hour")
    options, extra = parser.parse_known_args(arguments)
    left_out = options.quick or options.no_appliance
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory(prefix="proforma-") as scratch, postgres.for_tests() as cluster:
        state, report = Path(scratch), Path(scratch) / "report.xml"
        environment = rehearsal.surroundings(state, cluster)
        outcomes = [run(check, environment, console) for check in static_checks()]
        wanted = [tests(options.quick, extra, report)]
        wanted += [] if left_out else [appliance(extra, report)]
        wanted += [molecule(extra, report)] if options.molecule else []
        tested = [run_tests(check, report, environment, console) for check in wanted]
    outcomes += tested
    outcomes += [Outcome(APPLIANCE, None, 0.0, "the lab, the rehearsal")] if left_out else []
    outcomes += [] if options.molecule else [Outcome(MOLECULE, None, 0.0, "molecule's scenarios")]
    show(outcomes, console)
    failed = any(o.passed is False for o in outcomes) or not any(o.passed for o in tested)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except postgres.PostgresError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(69) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
