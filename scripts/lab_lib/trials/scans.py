"""Scans with nmap, from every side, against the list of what may be open (ports.yml)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PORTS = Path(__file__).with_name("ports.yml")
PROTOCOLS = ("tcp", "udp")


@dataclass(frozen=True, slots=True)
class Scan:
    """One target seen from one host. `tcp`, `udp`: what may be open; `ask_*`: what is tried, in nmap's words."""

    side: str
    host: str
    target: str
    tcp: frozenset[int]
    udp: frozenset[int]
    ask_tcp: str
    ask_udp: str

    def command(self) -> list[str]:
        """-Pn: a host that answers no ping is scanned all the same. No retries for long: silence is the rule."""
        asked = [f"T:{self.ask_tcp}"] if self.ask_tcp else []
        asked += [f"U:{self.ask_udp}"] if self.ask_udp else []
        kinds = ["-sS"] * bool(self.ask_tcp) + ["-sU"] * bool(self.ask_udp)
        pace = ["--min-rate=1500", "--max-retries=1", "--max-rtt-timeout=400ms", "--initial-rtt-timeout=200ms"]
        return ["nmap", "-n", "-Pn", "-oX", "-", *kinds, *pace, "-p", ",".join(asked), self.target]


@dataclass(frozen=True, slots=True)
class Port:
    protocol: str
    number: int
    state: str

    def __str__(self) -> str:
        return f"{self.protocol} {self.number} {self.state}"


def wanted(path: Path = PORTS) -> list[Scan]:
    """The scans of the file, in its order. Raises KeyError where a line lacks something."""
    content = yaml.safe_load(path.read_text())
    return [one for side in content["sides"] for one in _side(side, content["ask"])]


def _side(side: Mapping[str, Any], ask: Mapping[str, str]) -> Iterator[Scan]:
    for target, may in side["targets"].items():
        may = may or {}
        yield Scan(
            side["side"],
            side["from"],
            target,
            frozenset(may.get("tcp", ())),
            frozenset(may.get("udp", ())),
            ask[side.get("tcp", "short")],
            ask[side.get("udp", "udp")],
        )


def open_ports(report: str) -> list[Port]:
    """Ports that answered. `open|filtered` is silence, which a dropping firewall gives too.

    Raises ValueError when it is no finished report of nmap.
    """
    try:
        root = ET.fromstring(report)  # noqa: S314  written by nmap just now
    except ET.ParseError as error:
        raise ValueError(f"nmap did not finish: {error}") from None
    if root.find("runstats/finished[@exit='success']") is None:
        raise ValueError("nmap did not finish.")
    found = ((p.get("protocol", ""), int(p.get("portid", 0)), p.find("state")) for p in root.iter("port"))
    states = (Port(protocol, number, "" if s is None else s.get("state", "")) for protocol, number, s in found)
    return [port for port in states if port.state == "open"]


def findings(scan: Scan, found: list[Port]) -> tuple[list[str], list[str]]:
    """(open although on no list, on the list although not open; UDP may keep silent)."""
    allowed = {("tcp", number) for number in scan.tcp} | {("udp", number) for number in scan.udp}
    seen = {(port.protocol, port.number) for port in found}
    place = f"{scan.side} ({scan.host}) to {scan.target}"
    more = [f"{place}: {port} is open and on no list" for port in found if (port.protocol, port.number) not in allowed]
    silent = sorted(("tcp", number) for number in scan.tcp if ("tcp", number) not in seen)
    return more, [f"{place}: {protocol} {number} should answer" for protocol, number in silent]
