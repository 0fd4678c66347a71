"""What ./scripts/demo can be told, checked before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portal.domain.errors import InputError
from portal.domain.periods import Period
from sandbox.generator import LARGEST, SMALLEST

LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Options:
    once: bool
    out: Path
    period: Period
    timezone: str
    port: int
    seed: int
    tickets_count: int
    undecided: bool
    tickets: Path | None
    mapping: Path | None
    ignore_findings: bool

    def sandbox_arguments(self) -> list[str]:
        """What the sandbox customer is told of the month and its tickets."""
        arguments = ["--period", str(self.period), "--timezone", self.timezone]
        if self.tickets is None:
            made_up = ["--seed", str(self.seed), "--tickets-count", str(self.tickets_count)]
            return [*arguments, *made_up, *(["--dirty-blocking"] if self.undecided else [])]
        mapping = ["--mapping", str(self.mapping)] if self.mapping else []
        return [*arguments, "--tickets", str(self.tickets), *mapping]


def parse(arguments: Sequence[str], now: datetime | None = None) -> Options:
    """The options as given. Leaves with exit code 2 and a sentence when something cannot be."""
    parser = _parser()
    given = parser.parse_args(arguments)
    for option in ("mapping", "ignore_findings"):
        if getattr(given, option) and not given.tickets:
            parser.error(f"--{option.replace('_', '-')} is about --tickets FILE; give both.")
    zone = _zone(given.timezone, parser)
    period = _period(given.period, zone, now or datetime.now(UTC), parser)
    fields = vars(given) | {"period": period, "out": given.out.resolve()}
    return Options(**fields)


def _zone(name: str, parser: argparse.ArgumentParser) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        parser.error(f"'{name}' is no time zone. Write it like Europe/Berlin or UTC.")


def _period(text: str, zone: ZoneInfo, now: datetime, parser: argparse.ArgumentParser) -> Period:
    last = Period.of(now.astimezone(zone).date()).previous()
    try:
        period = Period.parse(text) if text else last
    except InputError as error:
        parser.error(str(error))
    if not period.ended(now, zone):
        parser.error(f"{period} has not ended in {zone.key}. The last month that has is {last}.")
    return period


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file '{text}'")
    return path.resolve()


def _count(text: str) -> int:
    if not text.isdecimal() or not SMALLEST <= int(text) <= LARGEST:
        raise argparse.ArgumentTypeError(f"it is a number from {SMALLEST} (every kind of ticket once) to {LARGEST}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"it is a number up to {LAST_PORT}; 0 takes a free one")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./scripts/demo",
        description="One month from a customer's tickets to SAP's answer, on this machine. Then the portal stays up "
        "until Ctrl-C. Needs no root; everything it makes but the documents is removed at the end.",
    )
    add = parser.add_argument
    add("--once", action="store_true", help="end after the month instead of keeping the portal up")
    add(
        "--out",
        type=Path,
        default=Path("out"),
        metavar="DIR",
        help="where the documents and summary.json go (out)",
    )
    add("--period", default="", metavar="YYYY-MM", help="the month to bill (default: the one that ended last)")
    add("--timezone", default="Europe/Berlin", metavar="ZONE", help="the contract's (default: Europe/Berlin)")
    add("--port", type=_port, default=0, metavar="N", help="the portal's port on 127.0.0.1 (default: a free one)")
    tickets = parser.add_argument_group("the customer's tickets").add_argument
    tickets("--tickets", type=_file, metavar="FILE", help="a ServiceNow CSV export (or .gz) instead of made-up ones")
    tickets("--mapping", type=_file, metavar="FILE", help='its columns, JSON: {"our_field": "their column"}')
    tickets("--ignore-findings", action="store_true", help="bill FILE as it stands, though rows of it cannot be read")
    tickets("--seed", type=int, default=1, metavar="N", help="another seed makes up another month (default: 1)")
    tickets("--tickets-count", type=_count, default=580, metavar="N", help="how many to make up (default: 580)")
    tickets("--undecided", action="store_true", help="make up some, too, that stop the month until people decide")
    return parser
