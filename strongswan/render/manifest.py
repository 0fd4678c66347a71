"""Every file of a VPN host in one list, for the Ansible role: one message to the host, which takes all or none.

Input (JSON on standard input): `gateway` (as in gateway.example.yml), `sites` and `trust` (folders; trust may be ""),
`preshared_keys` {customer: key}, and as text `heartbeat_key`, `certificate` and `key` ("" leaves the file alone).
Output: `files` and `secrets` as the role's module host_files takes them, `whole`: folders in which nothing else may be.
`rules`: one more file of that kind, which is never simply put there: the host tries it first, since it may cut us off.
"""

from __future__ import annotations

import base64
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from strongswan.render import credentials, host
from strongswan.render.algorithms import HOME
from strongswan.render.house import House, load

OURS = host.CONFIGURATION
RULES = f"{OURS}/nftables.conf"
UNITS = "/etc/systemd/system"
SWANCTL = "/etc/swanctl"
LIBRARY = "/opt/proforma-vpn/lib"
HEARTBEAT = "/etc/credstore/proforma-vpn.heartbeat"
PROGRAMS = {"strongswan": ("watchdog", "pair"), "app/lambdas": ("shared", "vpn_failover")}
TRUST = ("x509ca", "x509crl")

RULES_ARE_WELL = "nft -c -f %s"
CERTIFICATE_IS_WELL = "openssl x509 -noout -in %s"
ROUTES_ARE_WELL = (
    'ip link set lo up; ip link add "$1" type veth peer name other; ip link set other up; ip link set "$1" up; '
    '[ -z "$2" ] || ip route add "$2" dev "$1"; exec ip -batch "$0"'
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes, who hears of a change (the role's handlers), and the command that judges it (%s: the file)."""

    path: str
    tells: tuple[str, ...]
    mode: str = "0644"
    check: str = ""

    def holds(self, content: bytes | str) -> dict[str, Any]:
        raw = content.encode() if isinstance(content, str) else content
        return {
            "path": self.path,
            "mode": self.mode,
            "tells": list(self.tells),
            "check": self.check,
            "content": base64.b64encode(raw).decode(),
        }


Files = Iterator[dict[str, Any]]


def manifest(given: dict[str, Any], python: str) -> dict[str, Any]:
    """Raises RefusedError with every problem of every file."""
    trust = Path(given["trust"]) if given["trust"] else None
    with tempfile.TemporaryDirectory() as scratch:
        gateway = Path(scratch) / "strongswan_gateway_config.yml"
        gateway.write_text(yaml.safe_dump(given["gateway"], sort_keys=False))
        house = load(gateway, Path(given["sites"]).glob("*.yml"))
        credentials.check(house, gateway, Path(given["sites"]), given["preshared_keys"], trust)
    rendered = {one["path"]: one for one in _rendered(house)}
    return {
        "rules": rendered.pop(RULES),
        "files": list(
            chain(rendered.values(), _units(house, python), _trusted(trust), _certificate(house, given), _ours())
        ),
        "secrets": list(_secrets(house, given)),
        "whole": [{"path": LIBRARY, "tells": ["programs"]}, {"path": f"{SWANCTL}/secrets", "tells": ["credentials"]}]
        + [{"path": f"{SWANCTL}/{name}", "tells": ["trust"]} for name in TRUST if trust],
    }


def _rendered(house: House) -> Files:
    places = {
        "strongswan.conf": Place("/etc/strongswan.conf", ("daemon",)),
        "swanctl.conf": Place(f"{SWANCTL}/swanctl.conf", ("connections",), mode="0640"),
        "sysctl.conf": Place("/etc/sysctl.d/90-proforma-vpn.conf", ("kernel",)),
        "nftables.conf": Place(RULES, (), check=RULES_ARE_WELL),
        "routes": Place(f"{OURS}/routes", ("routes",), check=_routes_are_well(house)),
        "watchdog.json": Place(f"{OURS}/watchdog.json", ("watched",)),
        "pair.json": Place(f"{OURS}/pair.json", ("pair",)),
    }
    for name, text in host.files(house).items():
        yield places[name].holds(text)


def _routes_are_well(house: House) -> str:
    """Tried in a network of its own, where the private interface and its router are all there is."""
    private = house.gateway.private
    return shlex.join(
        ["unshare", "--net", "sh", "-ec", ROUTES_ARE_WELL, "FILE", private.interface, str(private.router or "")]
    ).replace("FILE", "%s")


def _units(house: House, python: str) -> Files:
    for name, text in host.units(python, paired=house.gateway.pair is not None).items():
        yield Place(f"{UNITS}/{name}", ("units", "programs")).holds(text)
    sandbox = (HOME / "templates" / "strongswan.service.conf").read_bytes()
    yield Place(f"{UNITS}/strongswan.service.d/10-proforma.conf", ("units", "daemon")).holds(sandbox)


def _trusted(trust: Path | None) -> Files:
    for name in TRUST if trust else ():
        for path in sorted((trust / name).iterdir() if trust else ()):
            yield Place(f"{SWANCTL}/{name}/{path.name}", ("trust",)).holds(path.read_bytes())


def _certificate(house: House, given: dict[str, Any]) -> Files:
    place = Place(f"{SWANCTL}/x509/{house.gateway.certificate}", ("credentials",), check=CERTIFICATE_IS_WELL)
    if given["certificate"]:
        yield place.holds(given["certificate"].rstrip("\n") + "\n")


def _ours() -> Files:
    """What runs beside the daemon, as it lies in the checkout."""
    for folder, packages in PROGRAMS.items():
        for package in packages:
            for path in sorted((HOME.parent / folder / package).glob("*.py")):
                place = f"{LIBRARY}/{Path(folder).name}/{package}/{path.name}"
                yield Place(place, ("programs",)).holds(path.read_bytes())


def _secrets(house: House, given: dict[str, Any]) -> Files:
    for customer, text in credentials.preshared(house, given["preshared_keys"]):
        yield Place(f"{SWANCTL}/secrets/{customer}.conf", ("credentials",), mode="0600").holds(text)
    if given["key"]:
        place = Place(f"{SWANCTL}/private/{house.gateway.certificate}", ("credentials",), mode="0600")
        yield place.holds(given["key"].rstrip("\n") + "\n")
    if house.gateway.pair is not None:
        yield Place(HEARTBEAT, ("heartbeat",), mode="0600").holds(given["heartbeat_key"])
