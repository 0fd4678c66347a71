"""The command line: `python -m scripts.audit_lib`. Started by ./scripts/audit_host."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from scripts.audit_lib import lynis, openscap, units
from scripts.audit_lib.findings import Audit
from scripts.host_lib import places
from scripts.host_lib.errors import HostError
from scripts.host_lib.places import Place

TOOLS: dict[str, Callable[[Place], Audit]] = {"lynis": lynis.audit, "openscap": openscap.audit, "units": units.audit}
EPILOG = """exit codes: 0 every score is reached and every finding is waived; 1 otherwise; others as ./scripts/host.
Waivers with their reasons: scripts/audit_lib/waivers.yml"""


def audit(host: str, tools: Sequence[str] = ("lynis", "units")) -> list[Audit]:
    """Audits of a running host of the group PROFORMA_HOSTS_GROUP. Raises HostError."""
    place = places.group().place(host)
    return [TOOLS[name](place) for name in tools]


def as_json(one: Audit) -> dict[str, Any]:
    return asdict(one) | {"passed": one.passed, "open": [f"{f.id} {f.detail} {f.text}" for f in one.open]}


def show(one: Audit, *, waived: bool) -> None:
    bound = "" if one.wanted is None else f", {'at least' if one.better == 'high' else 'at most'} {one.wanted:g}"
    verdict = "ok" if one.passed else "NOT OK"
    print_(f"{one.host} {one.tool}: {one.score:g}{bound}; {len(one.open)} open, ", end="")
    print_(f"{len(one.findings) - len(one.open)} waived: {verdict}")
    for finding in one.findings if waived else one.open:
        print_(f"  {'waived' if finding.waived else 'OPEN  '} {finding.id} {finding.detail} {finding.text}")
        if finding.waived:
            print_(f"           {finding.waived}")


def print_(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="audit_host", epilog=EPILOG, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("host", help="a running host of ./scripts/host, of the group PROFORMA_HOSTS_GROUP")
    parser.add_argument("--tool", action="append", choices=TOOLS, help="repeatable; default: lynis and units")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--waived", action="store_true", help="show what is waived too, with the reasons")
    given = parser.parse_args(arguments)
    try:
        done = audit(given.host, given.tool or ("lynis", "units"))
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if given.json:
        print_(json.dumps([as_json(one) for one in done], indent=1))
    for one in () if given.json else done:
        show(one, waived=given.waived)
    return 0 if all(one.passed for one in done) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
