"""Every file of a VPN host in one list, for the Ansible role: one message to the host, which takes all or none.

Input (JSON on standard input): `gateway` (as in gateway.example.yml), `sites` and `trust` (folders; trust may be ""),
`preshared_keys` {customer: key}, and as text `heartbeat_key`, `certificate` and `key` ("" leaves the file alone).
`held`: what the host has of certificates, lists and keys, as the role's module swanctl_held tells.
Output: `files` and `secrets` as the role's module host_files takes them, `whole`: folders in which nothing else may be.
`rules`: one more file of that kind, which is never simply put there: the host tries it first, since it may cut us off.
"""

from __future__ import annotations

import base64
import shlex
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from strongswan.render import credentials, host, material
from strongswan.render.algorithms import HOME
from strongswan.render.house import House, load

OURS = host.CONFIGURATION
RULES = f"{OURS}/nftables.conf"
UNITS = "/etc/systemd/system"
SWANCTL = "/etc/swanctl"
LIBRARY = "/opt/proforma-vpn/lib"
HEARTBEAT = "/etc/credstore/proforma-vpn.heartbeat"
PROGRAMS = {"strongswan": ("watchdog", "pair"), "app/lambdas": ("shared", "vpn_failover")}

RULES_ARE_WELL = "nft -c -f %s"
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
    shelf = _shelf(house, given, trust)
    material.judge(shelf, material.from_host(given["held"]), whole=material.TRUST if trust else ())
    rendered = {one["path"]: one for one in _rendered(house)}
    return {
        "rules": rendered.pop(RULES),
        "files": list(
            chain(
                rendered.values(),
                _units(house, python),
                _placed(shelf, material.TRUST, "trust"),
                _placed(shelf, [material.CERTIFICATES], "credentials"),
                _ours(),
            )
        ),
        "secrets": list(_secrets(house, given, shelf)),
        "whole": [{"path": LIBRARY, "tells": ["programs"]}, {"path": f"{SWANCTL}/secrets", "tells": ["credentials"]}]
        + [{"path": f"{SWANCTL}/{name}", "tells": ["trust"]} for name in material.TRUST if trust],
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


def _shelf(house: House, given: dict[str, Any], trust: Path | None) -> material.Shelf:
    """Certificate, key, authorities and lists, under the names that they have on the host."""
    own = {material.CERTIFICATES: "certificate", material.KEYS: "key"}
    texts = {folder: (f"strongswan_gateway_{word}", given[word].rstrip("\n") + "\n") for folder, word in own.items()}
    shelf = {
        folder: {house.gateway.certificate: material.Piece(file, text.encode())}
        for folder, (file, text) in texts.items()
        if text.strip()
    }
    return {**shelf, **(material.from_trust(trust) if trust else {})}


def _placed(shelf: material.Shelf, folders: Iterable[str], tells: str, mode: str = "0644") -> Files:
    for folder in folders:
        for name, piece in shelf.get(folder, {}).items():
            yield Place(f"{SWANCTL}/{folder}/{name}", (tells,), mode=mode).holds(piece.content)


def _ours() -> Files:
    """What runs beside the daemon, as it lies in the checkout."""
    for folder, packages in PROGRAMS.items():
        for package in packages:
            for path in sorted((HOME.parent / folder / package).glob("*.py")):
                place = f"{LIBRARY}/{Path(folder).name}/{package}/{path.name}"
                yield Place(place, ("programs",)).holds(path.read_bytes())


def _secrets(house: House, given: dict[str, Any], shelf: material.Shelf) -> Files:
    for customer, text in credentials.preshared(house, given["preshared_keys"]):
        yield Place(f"{SWANCTL}/secrets/{customer}.conf", ("credentials",), mode="0600").holds(text)
    yield from _placed(shelf, [material.KEYS], "credentials", mode="0600")
    if house.gateway.pair is not None:
        yield Place(HEARTBEAT, ("heartbeat",), mode="0600").holds(given["heartbeat_key"])
