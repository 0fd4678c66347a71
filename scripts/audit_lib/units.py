"""systemd-analyze security of our own units: 0 is shut, 10 is open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from scripts.audit_lib import inside
from scripts.audit_lib.findings import Audit, Finding, judged, waivers
from scripts.host_lib.places import Place

WANTED = 2.5
OURS = ("proforma-*.service", "vpn-*.service", "strongswan.service", "nginx.service")


def audit(place: Place) -> Audit:
    """Every unit of ours that is on the host; the score is the worst that is not waived. Raises HostError."""
    exposed = dict(exposures(place, installed(place)))
    found = [Finding(unit, f"exposure {value}") for unit, value in exposed.items() if value > WANTED]
    after = judged(found, waivers("units"))
    waived = {one.id for one in after if one.waived}
    score = max((value for unit, value in exposed.items() if unit not in waived), default=0.0)
    return Audit("units", place.name, score, WANTED, "low", after)


def installed(place: Place) -> list[str]:
    listed = inside.said(place, "systemctl", "list-unit-files", "--output=json", "--type=service", *OURS, codes=(0, 1))
    files = [one["unit_file"] for one in json.loads(listed or "[]") if one["state"] not in ("masked", "alias")]
    return [name.replace("@.", "@audit.") for name in files]


def exposures(place: Place, units: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What systemd says in the end: `Overall exposure level for UNIT: 1.9 OK`."""
    for unit in units:
        text = inside.said(place, "systemd-analyze", "security", "--no-pager", unit)
        yield unit, float(re.findall(r"Overall exposure level for .*: ([0-9.]+)", text)[-1])
