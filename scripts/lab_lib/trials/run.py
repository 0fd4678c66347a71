"""`./scripts/lab test`: runs the trials one after another, reports each at once, and closes with a table and a file."""

from __future__ import annotations

import fnmatch
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.lab_lib.trials import figures
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.machines import TrialError

FAILED = 1
Report = Callable[[Figure], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """`do` plays it and reports figures; it returns what was not as promised, or raises TrialError."""

    name: str
    what: str
    do: Callable[[Report], Iterable[str]]


@dataclass
class Outcome:
    name: str
    what: str
    problems: list[str]
    seconds: float
    figures: list[Figure] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.problems and all(figure.passed for figure in self.figures)


def chosen(trials: Sequence[Trial], only: Sequence[str]) -> list[Trial]:
    """Those whose name fits one of the patterns, in their order; all without patterns. Raises KeyError."""
    for pattern in only:
        if not any(fnmatch.fnmatch(trial.name, pattern) for trial in trials):
            raise KeyError(pattern)
    return [trial for trial in trials if not only or any(fnmatch.fnmatch(trial.name, one) for one in only)]


def play(trial: Trial) -> Outcome:
    """One trial to its end, whatever becomes of it."""
    begun, measured, problems = time.monotonic(), list[Figure](), list[str]()
    try:
        problems += trial.do(measured.append)
    except TrialError as error:
        problems.append(str(error))
    except Exception:  # noqa: BLE001  the next trial may still say something useful
        problems.append(traceback.format_exc().strip())
    problems += [_missed(figure) for figure in measured if not figure.passed]
    return Outcome(trial.name, trial.what, problems, time.monotonic() - begun, measured)


def _missed(figure: Figure) -> str:
    return f"{figure.target.what}: {figure.shown()}, promised {figure.target.words()}. {figure.note}".rstrip()


def run(trials: Sequence[Trial], console: Console, results: Path, before: Iterable[Figure] = ()) -> int:
    """Play them all; 0 when everything was as promised. `before`: figures of earlier commands, such as `lab up`."""
    outcomes = []
    for number, trial in enumerate(trials, 1):
        console.print(f"[dim]{number:2}/{len(trials)}[/] {trial.name}: {trial.what}")
        outcomes.append(outcome := play(trial))
        mark = "[green]ok[/]" if outcome.passed else "[bold red]FAILED[/]"
        console.print(f"      {mark} after {outcome.seconds:.1f} s")
        for problem in outcome.problems:
            console.print(f"      {problem}", markup=False, highlight=False)
    measured = [*before, *(figure for outcome in outcomes for figure in outcome.figures)]
    figures.write(results, _record(outcomes, measured))
    _show(outcomes, measured, console)
    console.print(f"Written to {results}")
    good = all(outcome.passed for outcome in outcomes) and all(figure.passed for figure in measured)
    return 0 if good else FAILED


def _record(outcomes: Iterable[Outcome], measured: Iterable[Figure]) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "trials": [
            {"name": o.name, "passed": o.passed, "seconds": round(o.seconds, 1), "problems": o.problems}
            for o in outcomes
        ],
        "figures": figures.as_json(measured),
    }


def _show(outcomes: Iterable[Outcome], measured: Sequence[Figure], console: Console) -> None:
    table = Table(title="./scripts/lab test", title_justify="left")
    for heading in ("trial", "result", "seconds", "what"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left", overflow="fold")
    for o in outcomes:
        table.add_row(o.name, "[green]ok[/]" if o.passed else "[bold red]FAILED[/]", f"{o.seconds:.1f}", o.what)
    console.print(table)
    console.print(figures.table(measured))
