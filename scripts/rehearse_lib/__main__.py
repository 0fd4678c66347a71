"""The command line of ./scripts/rehearse."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.rehearse_lib import environments, gaps, moto, report, tools
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.play import play


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./scripts/rehearse",
        description="Apply terraform/ against moto, look at what was made, plan again, destroy. Needs no account.",
    )
    parser.add_argument("environments", nargs="*", metavar="ENVIRONMENT", help="small or standard; both unless given")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new directory and leave it")
    options = parser.parse_args(given)
    if unknown := set(options.environments) - set(environments.NAMES):
        parser.error(f"no such environment: {', '.join(sorted(unknown))}")
    return options


def rehearse(names: Sequence[str], place: Path) -> str:
    """The report, in Markdown."""
    parts, reports = [f"# Rehearsal\n\n{tools.version()}\n"], list[report.Report]()
    with moto.running(place / "moto.log") as cloud:
        for name in names:
            sys.stdout.write(f"{name} ...\n")
            sys.stdout.flush()
            reports.append(play(name, place / name, cloud))
    if set(names) == set(environments.NAMES):
        _without_old_gaps(reports)
    return "\n".join([*parts, *(one.text() for one in reports), report.unproven()])


def _without_old_gaps(reports: Sequence[report.Report]) -> None:
    shown = {reason for one in reports for reason in one.differences}
    if old := [gap.reason for gap in gaps.KNOWN if gap.reason not in shown]:
        raise RehearsalError("These differences of moto are no more, and have to leave gaps.py:\n" + "\n".join(old))


def main(given: Sequence[str]) -> int:
    options = arguments(given)
    names = options.environments or environments.NAMES
    with tempfile.TemporaryDirectory(prefix="proforma-rehearsal-") as scratch:
        place = options.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        try:
            text = rehearse(names, place)
        except RehearsalError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    sys.stdout.write(text)
    if options.report:
        options.report.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
