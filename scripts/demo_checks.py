"""What ./scripts/demo looks at before it starts anything, so that whatever cannot be is refused with nothing done."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from sandbox.config import ConfigError
from sandbox.export_file import Mapping, read_export
from sandbox.preview import Preview, preview
from scripts.demo_options import Options

REFUSED = 2
WAITS_FOR_PEOPLE = 3
"""demo_month's exit code, too, when tickets need decisions"""
SHOWN = 20
DATES = "Dates are UTC, written as YYYY-MM-DD HH:MM:SS; a row has as many values as the header, and a number."


class StopsHereError(Exception):
    """The demo does not start; the text says why, and what to do. `code`: the exit code."""

    def __init__(self, text: str, code: int = REFUSED) -> None:
        super().__init__(text)
        self.code = code


def tickets_checked(options: Options) -> Preview | None:
    """What is in the customer's file; None for made-up tickets.

    Raises StopsHereError: the file cannot be used (2); it may hold tickets of the month that would be missing from the
    proforma without a word, or it holds none of the month at all (3).
    """
    if options.tickets is None:
        return None
    zone = ZoneInfo(options.timezone)
    try:
        seen = preview(read_export(options.tickets, Mapping.from_file(options.mapping)), str(options.period), zone)
    except ConfigError as error:
        raise StopsHereError(str(error)) from None
    if seen.doubts and not options.ignore_findings:
        raise StopsHereError(_doubtful(seen, options), WAITS_FOR_PEOPLE)
    if str(options.period) not in seen.months:
        raise StopsHereError(_empty(seen, options), WAITS_FOR_PEOPLE)
    return seen


def _doubtful(seen: Preview, options: Options) -> str:
    return (
        f"{seen.name}: rows that may belong to {options.period} cannot be read, so their tickets would be missing from "
        f"the proforma, or wrong in it:\n{listed([str(doubt) for doubt in seen.doubts])}\n"
        f"Nothing was started, nothing was billed. {DATES} Mend these lines and start again, or bill the file as it "
        "stands with --ignore-findings."
    )


def _empty(seen: Preview, options: Options) -> str:
    months = ", ".join(f"{month} ({count} tickets)" for month, count in list(seen.months.items())[-SHOWN:])
    held = f"It holds: {months}." if months else f"It holds none that was ever resolved or closed. {DATES}"
    remedy = "Name one of them with --period." if months else "Mend the file and start again."
    return (
        f"{seen.name} holds no ticket of {options.period} ({options.timezone}). {held} "
        f"Nothing was started, nothing was billed. {remedy}"
    )


def listed(findings: Sequence[str], most: int = SHOWN) -> str:
    """One indented line each."""
    lines = [f"  {finding}" for finding in findings[:most]]
    return "\n".join([*lines, *([f"  and {len(findings) - most} more"] if len(findings) > most else [])])


def listener(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one. Raises StopsHereError."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        what = os.strerror(error.errno or errno.EIO)
        remedy = "Choose another with --port N, or leave it out for a free one."
        raise StopsHereError(f"Port {port} cannot be used: {what}. {remedy}") from None


def out_checked(out: Path) -> None:
    """Make the directory of the documents, and see that a file can be written to it. Raises StopsHereError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        what = "it is a file" if isinstance(error, FileExistsError) else os.strerror(error.errno or errno.EIO)
        remedy = "Name a directory that can be made or written to with --out DIR."
        raise StopsHereError(f"Documents cannot be written to {out}: {what}. {remedy}") from None
