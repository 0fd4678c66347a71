"""What a host is to be: the lease on disk, written before anything of it exists."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from scripts.host_lib import places
from scripts.host_lib.errors import HostError, UsageError

UPLINK = "uplink"
"""the device and network that lead to the machine and, while the group is online, out of it"""
_DEVICE = re.compile(r"[a-z][a-z0-9]{0,14}")
_SIZE = re.compile(r"[1-9][0-9]*[MG]")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One network device. `addresses`: with prefix length."""

    network: str
    device: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """`layers`: names or absolute directories, the topmost first. `routes`: (destination, gateway).

    `disk`: size of the writable layer, kept in memory and lost with `down`; "" is the machine's disk.
    `base_made`: which build of the base; a disk that grew on another one cannot be used.
    """

    base: str
    base_made: str = ""
    layers: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    disk: str = ""
    keys: tuple[str, ...] = field(default=())

    def addresses(self) -> list[str]:
        return [address for one in self.attachments for address in one.addresses]


def write(spec: Spec, place: places.Place) -> None:
    place.directory.mkdir(parents=True, exist_ok=True, mode=0o755)
    draft = place.lease.with_suffix(".new")
    draft.write_text(json.dumps(asdict(spec), indent=1) + "\n")
    draft.rename(place.lease)


def read(place: places.Place) -> Spec:
    """Raises FileNotFoundError without a lease, HostError for one that cannot be read."""
    try:
        return _from_json(json.loads(place.lease.read_text()))
    except (ValueError, TypeError, KeyError) as error:
        remedy = f"./scripts/host down {place.name} --purge removes the host."
        raise HostError(f"The lease cannot be read: {error}.", where=str(place.lease), remedy=remedy) from error


def _from_json(found: dict[str, Any]) -> Spec:
    attachments = tuple(Attachment(a["network"], a["device"], tuple(a["addresses"])) for a in found["attachments"])
    routes = tuple((one, other) for one, other in found["routes"])
    others = {name: found[name] for name in ("base", "base_made", "disk")}
    return Spec(
        **others, layers=tuple(found["layers"]), attachments=attachments, routes=routes, keys=tuple(found["keys"])
    )


def attachments(given: list[str]) -> tuple[Attachment, ...]:
    """From `NETWORK[=ADDRESS/PREFIX[,...]][@DEVICE]`; devices are eth0, eth1 ... unless named. Raises UsageError."""
    found = tuple(_attachment(text, number) for number, text in enumerate(given))
    devices = [one.device for one in found]
    if len(set(devices)) < len(devices):
        raise UsageError("Two networks share a device.", where="--network", remedy="Name each device once.")
    return found


def _attachment(text: str, number: int) -> Attachment:
    front, _, device = text.partition("@")
    network, _, addresses = front.partition("=")
    device = device or f"eth{number}"
    if not _DEVICE.fullmatch(device) or UPLINK in (device, network):
        remedy = f"Use up to 15 small letters and digits; '{UPLINK}' belongs to --online."
        raise UsageError(f"'{text}' cannot be a network device.", where="--network", remedy=remedy)
    given = tuple(_address(one) for one in addresses.split(",") if one)
    return Attachment(places.checked(network, "network"), device, given)


def _address(text: str) -> str:
    try:
        if "/" not in text:
            raise ValueError("the prefix length is missing")
        return str(ipaddress.ip_interface(text))
    except ValueError as error:
        raise UsageError(f"'{text}': {error}.", where="--network", remedy="For example: lan=10.1.0.2/24") from None


def routes(given: list[str]) -> tuple[tuple[str, str], ...]:
    """From `DESTINATION=GATEWAY`, where a destination is `default` or a network. Raises UsageError."""
    return tuple(_route(text) for text in given)


def _route(text: str) -> tuple[str, str]:
    to, _, gateway = text.partition("=")
    try:
        destination = to if to == "default" else str(ipaddress.ip_network(to))
        return destination, str(ipaddress.ip_address(gateway))
    except ValueError as error:
        remedy = "For example: default=10.1.0.1"
        raise UsageError(f"'{text}': {error}.", where="--route", remedy=remedy) from None


def size(text: str) -> str:
    if text and not _SIZE.fullmatch(text):
        raise UsageError(f"'{text}' is no size.", where="--disk", remedy="For example: 300M or 2G.")
    return text
