"""The command line of ./scripts/rehearse."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.host_lib.errors import HostError
from scripts.postgres import PostgresError
from scripts.processes import ChildEndedError
from scripts.rehearse_lib import commands, environments, gaps, images, moto, report, tools, upgrade
from scripts.rehearse_lib.errors import LostAnswerError, MissingError, RehearsalError
from scripts.rehearse_lib.play import play

MISSING = 69  # as every command of scripts/ says it


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./scripts/rehearse",
        description="Apply terraform/ against moto, look at it, use it, plan again, destroy. Needs no account.",
        epilog="Exit codes: 0 all is as it has to be, 1 something is not and was said, 2 a wrong option, 69 this "
        "machine lacks something. Progress goes to standard error, the report to standard output.",
    )
    parser.add_argument("environments", nargs="*", metavar="ENVIRONMENT", help="small or standard; both unless given")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there too, with every resource")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new directory and leave it")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--images", action="store_true", help="images alone: bake, boot, refuse (needs no terraform)")
    which.add_argument("--no-images", action="store_true", help="bake none (baking takes root and minutes)")
    options = parser.parse_args(given)
    if options.images and options.environments:
        parser.error("--images applies no environment: leave its name out")
    if unknown := set(options.environments) - set(environments.NAMES):
        parser.error(f"no such environment: {', '.join(sorted(unknown))}")
    return options


def rehearse(names: Sequence[str], place: Path, *, bakes: bool) -> tuple[str, str]:
    """The report, and every resource with its seconds, in Markdown. `bakes`: images, once, for the first of them."""
    parts, reports = [f"# Rehearsal\n\n{tools.version()}\n"], list[report.Report]()
    with moto.running(place / "moto.log") as cloud:
        for name in names:
            sys.stdout.write(f"{name} ...\n")
            sys.stdout.flush()
            reports.append(_played(name, place, cloud, bakes=bakes and not reports))
    upgraded = report.Report("upgrade")
    upgrade.play(place / "upgrade", upgraded)
    if set(names) == set(environments.NAMES):
        _without_old_gaps(reports)
        if bakes and (unkept := commands.unkept()):
            raise RehearsalError("docs/deploy.md calls rehearsed what was not run:\n" + "\n".join(unkept))
    missing = [] if bakes else ["**No image was baked.**\n"]
    text = "\n".join([*parts, *missing, *(one.text() for one in (*reports, upgraded)), report.unproven(), _commands()])
    return text, "\n".join(one.every() for one in reports)


def rehearse_images(place: Path) -> tuple[str, str]:
    """As `rehearse`, of the images alone. Raises MissingError without root."""
    if os.geteuid():
        raise MissingError("Baking images takes root.")
    made = report.Report("images")
    with moto.running(place / "moto.log") as cloud:
        images.bake(cloud, place / "images", made)
    return f"# Rehearsal of the images, both at once\n\n{made.text()}\n{_commands()}", ""


def _played(name: str, place: Path, cloud: moto.Cloud, *, bakes: bool) -> report.Report:
    """Begun anew, once and aloud, when moto has lost an answer: that is no fault of what is rehearsed."""
    try:
        return play(name, place / name, cloud, bakes=bakes)
    except LostAnswerError as error:
        sys.stderr.write(f"{name}: moto has lost an answer; begun anew.\n{error}\n")
    made = play(name, place / f"{name}-anew", cloud, bakes=bakes)
    made.steps.insert(0, ("begun anew", 0.0, "moto had lost an answer"))
    return made


def _commands() -> str:
    return "## Commands that were run, in the words of docs/deploy.md\n\n" + "".join(
        f"    {one}\n" for one in commands.ran
    )


def _can_bake(options: argparse.Namespace) -> bool:
    """Loud where it is left out. Raises RehearsalError where nothing may be."""
    if options.no_images:
        return False
    if os.geteuid() == 0:
        return True
    if os.environ.get("CI") == "true":
        raise MissingError("Baking images takes root.")
    sys.stderr.write("NOT BAKED: images take root. Run it as root, or give --no-images to see no such line.\n")
    return False


def _without_old_gaps(reports: Sequence[report.Report]) -> None:
    shown = {reason for one in reports for reason in one.differences}
    if old := [gap.reason for gap in gaps.KNOWN if gap.reason not in shown]:
        raise RehearsalError("These differences of moto are no more, and have to leave gaps.py:\n" + "\n".join(old))


def main(given: Sequence[str]) -> int:
    options = arguments(given)
    names = options.environments or environments.NAMES
    place = options.keep or Path(tempfile.mkdtemp(prefix="proforma-rehearsal-"))
    place.mkdir(parents=True, exist_ok=True)
    code = 1  # an error that nobody expected leaves everything to look at, too
    try:
        text, resources = rehearse_images(place) if options.images else rehearse(names, place, bakes=_can_bake(options))
        code = 0
    except (MissingError, PostgresError) as error:
        sys.stderr.write(f"{error}\n")
        code = MISSING
    except (RehearsalError, HostError, ChildEndedError) as error:
        sys.stderr.write(f"{error}\nIts copy of terraform/ and all logs are left in {place}.\n")
        code = 1
    except KeyboardInterrupt:
        code = 130
    finally:
        if options.keep is None and code != 1:
            shutil.rmtree(place)
    if not code:
        _tell(text, resources, options.report)
    return code


def _tell(text: str, resources: str, file: Path | None) -> None:
    sys.stdout.write(text)
    if file:
        file.write_text(f"{text}\n{resources}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
