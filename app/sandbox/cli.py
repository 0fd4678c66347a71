"""The command line: `serve` runs a sandbox, `make-tickets` writes a month as a ServiceNow export."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import signal
import sys
import threading
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.config import OUTCOMES, ConfigError, SandboxConfig, Secrets
from sandbox.export_file import SHOWN_FINDINGS
from sandbox.generator import LARGEST, SMALLEST, make_month
from sandbox.loading import Stock, load
from sandbox.server import SandboxServer

SECRETS_HELP = """secrets file (JSON):
  {"servicenow": {"username": "...", "password": "...", "client_id": "...", "client_secret": "..."},
   "sap": {"username": "...", "password": "..."},
   "acknowledgement": {"username": "...", "password": "..."}}
"""


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    try:
        _check(arguments)
        return int(arguments.run(arguments))
    except (ConfigError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 the door for people is stderr
        return 2


def serve(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT. One JSON line on stdout says where."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config = _config(arguments)
    stock = load(config)
    _report(stock)
    with SandboxServer(config, stock) as server:
        print(json.dumps({"url": server.url, "port": server.port}), flush=True)  # noqa: T201 read by scripts
        stop.wait()
    return 0


def make_tickets(arguments: argparse.Namespace) -> int:
    """Write the month that `serve` would generate."""
    month = make_month(
        seed=arguments.seed,
        count=arguments.tickets_count,
        period=arguments.period,
        zone=ZoneInfo(arguments.timezone),
        dirty_blocking=arguments.dirty_blocking,
    )
    columns = sorted({name for row in month.rows for name in row}, key=lambda name: (name != "number", name))
    with arguments.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(month.rows)
    notes = ", ".join(f"{name} {count}" for name, count in month.notes.items())
    print(f"{arguments.out}: {len(month.rows)} tickets of {month.period} ({notes})", file=sys.stderr)  # noqa: T201
    return 0


def _report(stock: Stock) -> None:
    """What was loaded, and what was wrong in it, on stderr; never a value of a ticket."""
    counts = ", ".join(f"{len(table)} {name}" for name, table in stock.tables.items() if len(table))
    lines = [f"sandbox: {stock.origin} ({counts})"]
    if stock.findings:
        lines.append(f"sandbox: {len(stock.findings)} findings; nothing was left out")
        lines += [f"  {finding}" for finding in stock.findings[:SHOWN_FINDINGS]]
    if len(stock.findings) > SHOWN_FINDINGS:
        lines.append(f"  and {len(stock.findings) - SHOWN_FINDINGS} more: GET /sandbox/summary")
    print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201


def _check(arguments: argparse.Namespace) -> None:
    try:
        ZoneInfo(arguments.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"'{arguments.timezone}' is no time zone. Write it like Europe/Berlin or UTC.") from None
    if arguments.command == "serve" and (arguments.tls_certificate is None) != (arguments.tls_key is None):
        raise ConfigError("For https give both --tls-certificate and --tls-key.")
    if not SMALLEST <= arguments.tickets_count <= LARGEST:
        reason = "so that every kind of ticket is in it"
        raise ConfigError(f"--tickets-count must be at least {SMALLEST}, {reason}, and at most {LARGEST}.")


def _config(arguments: argparse.Namespace) -> SandboxConfig:
    given = {name: value for name, value in vars(arguments).items() if name not in ("run", "command", "secrets")}
    code, _, function = given.pop("parking").partition("/")
    return SandboxConfig(secrets=Secrets.from_file(arguments.secrets), parking=(code, function), **given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A customer to rehearse against: a ServiceNow to read tickets from, a SAP to deliver to.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    raw = argparse.RawDescriptionHelpFormatter
    server = commands.add_parser("serve", help="run the sandbox", formatter_class=raw, epilog=SECRETS_HELP)
    _add_month(server)
    _add_serving(server)
    _add_acknowledging(server)
    server.set_defaults(run=serve)
    maker = commands.add_parser("make-tickets", help="write a month of tickets as a ServiceNow CSV export")
    maker.add_argument("--out", type=Path, required=True, metavar="FILE.csv", help="the file to write")
    _add_month(maker)
    maker.set_defaults(run=make_tickets)
    return parser


def _add_month(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the generated month").add_argument
    add("--seed", type=int, default=1, metavar="N", help="another seed makes another month (default 1)")
    add("--tickets-count", type=int, default=580, metavar="N", help="tickets of the month (default 580)")
    add("--period", default="", metavar="YYYY-MM", help="the month (default: the one that ended last)")
    add("--timezone", default="Europe/Berlin", metavar="ZONE", help="zone of month and user (default Europe/Berlin)")
    add("--dirty-blocking", action="store_true", help="add tickets that stop a month end until a person decides")


def _add_serving(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("serving").add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    add("--port", type=int, default=0, help="port; 0 takes a free one and says which (default 0)")
    add("--state", type=Path, required=True, metavar="DIR", help="where received IDocs are kept")
    add("--secrets", type=Path, required=True, metavar="FILE.json", help="user names and passwords, see below")
    add("--tickets", type=Path, metavar="FILE", help="serve this ServiceNow CSV export (plain or gz) instead")
    add("--mapping", type=Path, metavar="FILE.json", help='its columns: {"our_field": "their column"}')
    add("--tls-certificate", type=Path, metavar="FILE", help="serve https with this certificate (PEM)")
    add("--tls-key", type=Path, metavar="FILE", help="and its key")


def _add_acknowledging(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("SAP").add_argument
    add("--sap-client", default="", metavar="NNN", help="answer this sap-client only (default: every one)")
    add("--acknowledge-url", default="", metavar="URL", help="where ALEAUD01s are posted (default: nowhere)")
    add("--acknowledge-after", type=float, default=5.0, metavar="SECONDS", help="after a receipt (default 5)")
    add("--acknowledge-ca", type=Path, metavar="FILE", help="certificates to trust there")
    add("--parking", default="PAR/PRF", metavar="MESCOD/MESFCT", help="what asks for parking (default PAR/PRF)")
    add(
        "--outcome",
        default="",
        choices=OUTCOMES,
        metavar="|".join(OUTCOMES),
        help="force it (default: MESCOD and MESFCT decide)",
    )
