"""OpenSCAP with ANSSI's BP-028, level enhanced, as far as rules for Debian 12 exist; there are none for Debian 13."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from scripts.audit_lib import inside, tools
from scripts.audit_lib.findings import Audit, Finding, judged, waivers
from scripts.host_lib.errors import AbsentError, UsageError
from scripts.host_lib.places import Place

PROFILE = "xccdf_org.ssgproject.content_profile_anssi_bp28_enhanced"
_XCCDF = "{http://checklists.nist.gov/xccdf/1.2}"
_RULE = "xccdf_org.ssgproject.content_rule_"
_FAILED = ("fail", "error", "unknown")


def audit(place: Place) -> Audit:
    """Run it on a Debian 12 host that has openscap-scanner. Raises UsageError, AbsentError, HostError."""
    if 'VERSION_ID="12"' not in inside.text(place, "/etc/os-release"):
        remedy = "Audit a Debian 12 host with the same roles: up NAME --base bookworm."
        raise UsageError("There are rules for Debian 12 alone.", where=place.name, remedy=remedy)
    if not inside.has(place, "oscap"):
        remedy = "While it is online: apt-get install openscap-scanner."
        raise AbsentError("The host has no oscap.", where=place.name, remedy=remedy)
    with inside.put(place, tools.ensure() / tools.CONTENT) as folder:
        results = f"{folder}/results.xml"
        line = ("xccdf", "eval", "--profile", PROFILE, "--results", results, f"{folder}/{tools.CONTENT}")
        inside.said(place, "oscap", *line, codes=(0, 2))  # 2: some rule failed
        report = inside.text(place, results)
    found = judged(findings(report), waivers("openscap"))
    return Audit("openscap", place.name, score(report), None, "high", found)


def score(report: str) -> float:
    """Percent, OpenSCAP's own weighting."""
    return round(float(next(ET.fromstring(report).iter(f"{_XCCDF}score")).text or 0), 1)  # noqa: S314  our own host


def findings(report: str) -> Iterator[Finding]:
    """Rules that failed or could not be judged; those that do not apply to a container are none."""
    for one in ET.fromstring(report).iter(f"{_XCCDF}rule-result"):  # noqa: S314  our own host
        outcome = one.findtext(f"{_XCCDF}result", "")
        if outcome in _FAILED:
            yield Finding(one.get("idref", "").removeprefix(_RULE), outcome)
