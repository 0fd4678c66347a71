"""lynis: hardening index, warnings and suggestions."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.audit_lib import inside, tools
from scripts.audit_lib.findings import Audit, Finding, judged, waivers
from scripts.host_lib.places import Place

WANTED = 80.0
_RUN = """cd {folder}/lynis && chown -R root:root . && sh ./lynis audit system --quick --no-colors --quiet \
--profile {folder}/lynis/default.prf --logfile {folder}/log --report-file {folder}/report \
>/dev/null 2>&1; test -s {folder}/report"""


def audit(place: Place) -> Audit:
    """Run it on the host, about a minute. Raises HostError."""
    with inside.put(place, tools.ensure() / "lynis") as folder:
        inside.said(place, "sh", "-c", _RUN.format(folder=folder))
        report = inside.text(place, f"{folder}/report")
    found = judged(findings(report), waivers("lynis"))
    return Audit("lynis", place.name, index(report), WANTED, "high", found)


def index(report: str) -> float:
    return float(next(line.partition("=")[2] for line in report.splitlines() if line.startswith("hardening_index=")))


def findings(report: str) -> Iterator[Finding]:
    """From lines such as `suggestion[]=SSH-7408|Consider ...|MaxSessions (set 10 to 2)|-|`."""
    for line in report.splitlines():
        kind, _, rest = line.partition("[]=")
        if kind in ("warning", "suggestion"):
            number, words, detail, *_ = [*rest.split("|"), "", ""]
            yield Finding(number, f"{kind}: {words}", "" if detail == "-" else detail)
