"""proforma-doctor: what is wrong with this host, why, and what to do. `--monitor FILE`: the same for the monitor."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.operations import files
from scripts.operations.doctor import keeping, machine, pair, portal, report
from scripts.operations.doctor.host import WARNING, Finding, Host

CHECKS: dict[str, Callable[[Host], Iterator[Finding]]] = {
    "disk": machine.disk,
    "clock": machine.clock,
    "names": machine.names,
    "customers": machine.customers,
    "units": machine.units,
    "firewall": machine.firewall,
    "reboot": machine.reboot,
    "instance": machine.instance,
    "secrets": keeping.secrets,
    "certificates": keeping.certificates,
    "backup": keeping.backup,
    "database": portal.database,
    "release": portal.release,
    "answer": portal.answer,
    "work": portal.work,
    "tunnels": portal.tunnels,
    "pair": pair.pair,
}
EXITS = "exit codes: 0 nothing found; 1 warnings; 2 errors; 64 command line; 74 the report could not be written"


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="proforma-doctor", description=__doc__, epilog=EXITS)
    result.add_argument("--json", action="store_true", help="one object on standard output")
    result.add_argument(
        "--out", type=Path, metavar="FILE", help="also one file (tar.gz) to hand to support; no secrets"
    )
    result.add_argument("--check", action="append", choices=CHECKS, help="only this one; repeatable")
    result.add_argument("--monitor", type=Path, metavar="FILE", help="write the JSON there and end with 0")
    return result


def examine(host: Host, names: Sequence[str]) -> list[Finding]:
    """Errors first. A check that breaks is itself a finding."""
    found = [finding for name in names for finding in _guarded(host, name)]
    return sorted(found, key=lambda one: one.level)


def _guarded(host: Host, name: str) -> list[Finding]:
    try:
        return list(CHECKS[name](host))
    except Exception as error:  # noqa: BLE001 - the other checks must still be made
        what = f"The check itself broke: {type(error).__name__}."
        remedy = "Hand the file of `proforma-doctor --out FILE` to support."
        return [Finding(name, WARNING, what, "Something that it did not expect.", remedy)]


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    host, names = Host(), given.check or list(CHECKS)
    findings = examine(host, names)
    hide = report.Redactor(host)
    if given.monitor:
        files.write_json(given.monitor, json.loads(hide(json.dumps(report.as_dict(host, findings)))))
        return 0
    text = json.dumps(report.as_dict(host, findings)) + "\n" if given.json else report.words(findings, names)
    sys.stdout.write(hide(text))
    if given.out:
        try:
            place = report.write(given.out, report.bundle(host, findings, hide))
        except OSError as error:
            sys.stderr.write(f"No file was written: {error.strerror} ({error.filename}).\n")
            return 74
        sys.stderr.write(f"For support: {place}\n")
    return report.code(findings)


if __name__ == "__main__":
    raise SystemExit(main())
