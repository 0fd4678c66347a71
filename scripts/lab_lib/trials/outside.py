"""What others see of the appliance: open ports from every side, and packets on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scripts.lab_lib.trials import scans
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import TrialError


@dataclass(frozen=True, slots=True)
class Scanned:
    scan: scans.Scan
    more: list[str]
    missing: list[str]


def scanned(lab: Lab) -> Iterator[str]:
    """nmap from the internet's, customer A's and the staff's side, against ports.yml."""
    lab.ready()
    lab.dial()
    routes = "ip route replace 10.40.0.0/16 via 203.0.113.10; ip route replace 10.60.0.0/24 via 203.0.113.10"
    lab.machines.do("router", routes)  # as somebody on the way would
    try:
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda one: _scan(lab, one), scans.wanted()))
    finally:
        lab.machines.do("router", "ip route del 10.40.0.0/16; ip route del 10.60.0.0/24")
    more = [finding for one in results for finding in one.more]
    lab.report(Figure("unexpected_ports", len(more), f"{len(results)} scans"))
    yield from more
    yield from (finding for one in results for finding in one.missing)


def _scan(lab: Lab, scan: scans.Scan) -> Scanned:
    said = lab.machines.here(scan.host, *scan.command(), seconds=240)
    try:
        found = scans.open_ports(said.text)
    except ValueError as error:
        raise TrialError(f"{scan.side} ({scan.host}) to {scan.target}: {error}") from None
    return Scanned(scan, *scans.findings(scan, found))


def wire(lab: Lab) -> Iterator[str]:
    """What the router saw during this run: IKE and ESP in UDP, and nothing in clear."""
    watch = lab.watch
    if watch is None:
        yield "the wire was not watched"
        return
    watch.stop()
    found = watch.in_clear()
    lab.report(Figure("wire_in_clear", len(found), f"{watch.in_tunnels()} packets in tunnels"))
    yield from found[:10]
    if watch.in_tunnels() < 100:
        yield "hardly anything crossed the wire: the watch proves nothing"
