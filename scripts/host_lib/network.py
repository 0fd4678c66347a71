"""Network namespaces, devices and bridges. Every device carries the group's mark as alias, to be found after a crash.

A bridge is made with the first host on it and goes with the last. The machine itself has an address only on the uplink.
"""

from __future__ import annotations

import hashlib
import ipaddress
from pathlib import Path

from scripts.host_lib import locks
from scripts.host_lib.errors import HostError
from scripts.host_lib.places import PREFIX, Group, Place
from scripts.host_lib.shell import attempt, run
from scripts.host_lib.spec import UPLINK, Attachment, Spec, read

_DEVICES = Path("/sys/class/net")
_NAMESPACES = Path("/run/netns")
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


def namespace(place: Place) -> Path:
    return _NAMESPACES / place.machine


def attach(place: Place, spec: Spec) -> None:
    """The host's namespace with all devices, addresses and routes, made anew."""
    with locks.held(place.group.lock("network")):
        _detach(place)
        run("ip", "netns", "add", place.machine)
        _inside(place, "link set lo up")
        for number, one in enumerate(spec.attachments):
            _plug(place, number, one)
        lines = [f"route add {to} via {gateway}" for to, gateway in spec.routes]
        _inside(place, *lines)


def detach(place: Place) -> None:
    """Remove devices, namespace and bridges without hosts. Harmless when nothing is there."""
    with locks.held(place.group.lock("network")):
        _detach(place)
        _sweep_bridges(place.group)


def _detach(place: Place) -> None:
    veths = [p.name for p in _DEVICES.glob(f"{place.veth(0)[:-1]}*")]
    for veth in veths:  # before the namespace: the kernel is slow to take back a device with its namespace
        attempt("ip", "link", "delete", veth)
    if namespace(place).exists():
        run("ip", "netns", "delete", place.machine)


def _plug(place: Place, number: int, one: Attachment) -> None:
    bridge, veth = _bridge(place.group, one.network), place.veth(number)
    peer = ("peer", "name", one.device, "address", hardware_address(place, number), "netns", place.machine)
    run("ip", "link", "add", veth, "type", "veth", *peer)
    run("ip", "link", "set", veth, "alias", place.group.mark, "master", bridge, "up")
    addresses = [f"address add {address} dev {one.device}" for address in one.addresses]
    # an IPv6 address would be useless for a second while the kernel looks for another holder of it
    _inside(place, *(f"{line} nodad" if ":" in line else line for line in addresses), f"link set {one.device} up")


def hardware_address(place: Place, number: int) -> str:
    """The same after every start, as on a real host: neighbours remember it for half a minute."""
    digest = hashlib.sha256(f"{place.machine}/{number}".encode()).digest()
    return "02:" + digest[:5].hex(":")  # 02: locally administered


def _inside(place: Place, *lines: str) -> None:
    if lines:
        run("ip", "-netns", place.machine, "-batch", "-", given="\n".join(lines) + "\n")


def _bridge(group: Group, network: str) -> str:
    name = group.bridge(network)
    if not (_DEVICES / name).exists():
        run("ip", "link", "add", name, "type", "bridge")
    run("ip", "link", "set", name, "alias", group.mark, "up")
    if network == UPLINK:
        run("ip", "address", "replace", str(uplink(group)), "dev", name)
    return name


def sweep(group: Group) -> list[str]:
    """Remove what a crash left of the group: devices and namespaces that no lease claims. Returns their names."""
    with locks.held(group.lock("network")):
        claimed = {group.place(name).machine for name in group.hosts()}
        left = [p.name for p in _NAMESPACES.glob(f"{group.prefix()}*") if p.name not in claimed]
        claimed_veths = tuple(group.place(name).veth(0)[:-1] for name in group.hosts())
        veths = [name for name in _marked(group) if not _is_bridge(name) and not name.startswith(claimed_veths)]
        for veth in veths:
            attempt("ip", "link", "delete", veth)
        for name in left:
            run("ip", "netns", "delete", name)
        return [*veths, *left, *_sweep_bridges(group)]


def _sweep_bridges(group: Group) -> list[str]:
    empty = [name for name in _marked(group) if _is_bridge(name) and not any(_members(name))]
    for name in empty:
        attempt("ip", "link", "delete", name)
    if group.bridge(UPLINK) in empty:
        close_way_out(group)
    return empty


def _is_bridge(name: str) -> bool:
    """Its name does not tell: a host's device may begin like a bridge's."""
    return (_DEVICES / name / "bridge").is_dir()


def _members(bridge: str) -> list[Path]:
    return list((_DEVICES / bridge / "brif").glob("*"))


def _marked(group: Group) -> list[str]:
    return [p.parent.name for p in _DEVICES.glob(f"{PREFIX}*/ifalias") if p.read_text().strip() == group.mark]


def uplink(group: Group) -> ipaddress.IPv4Interface:
    """The machine's address on the group's uplink: a /24 of the range for carriers' own use (RFC 6598)."""
    drawn = int.from_bytes(hashlib.sha256(group.name.encode()).digest()[:2], "big") % (64 * 256)
    return ipaddress.IPv4Interface(f"100.{64 + drawn // 256}.{drawn % 256}.1/24")


def free_address(group: Group) -> str:
    """The first address on the uplink that no lease holds. Call it with the group's lease lock held."""
    taken = {address for name in group.hosts() for address in read(group.place(name)).addresses()}
    machine = uplink(group)
    for host in list(machine.network.hosts())[1:]:
        if (address := f"{host}/{machine.network.prefixlen}") not in taken:
            return address
    raise HostError("All addresses of the uplink are taken.", where=UPLINK, remedy="Remove hosts with down --purge.")


def online(group: Group) -> None:
    """Let the group out through the machine. Undoes `offline`."""
    _told_offline(group).unlink(missing_ok=True)
    if (_DEVICES / group.bridge(UPLINK)).exists():
        open_way_out(group)


def open_way_out(group: Group) -> None:
    """With the machine's own address, until the last host is down. Nothing happens after `offline`."""
    if _told_offline(group).exists():
        return
    source = uplink(group).network
    rules = f"""table ip {group.table}
delete table ip {group.table}
table ip {group.table} {{
  chain out {{
    type nat hook postrouting priority srcnat;
    ip saddr {source} oifname != "{group.bridge(UPLINK)}" masquerade
  }}
}}
"""
    if _FORWARDING.read_text().strip() == "0":
        _remembered(group).touch()
        _FORWARDING.write_text("1")
    run("nft", "-f", "-", given=rules)


def offline(group: Group) -> bool:
    """No way out, also for hosts that start later; the machine is still reached. Whether there was one."""
    group.directory.mkdir(parents=True, exist_ok=True, mode=0o755)
    _told_offline(group).touch()
    return close_way_out(group)


def _told_offline(group: Group) -> Path:
    return group.directory / "offline"


def close_way_out(group: Group) -> bool:
    """Whether there was one."""
    there = attempt("nft", "delete", "table", "ip", group.table)[0] == 0
    others = [line for line in attempt("nft", "list", "tables")[1].splitlines() if f" {PREFIX}_" in line]
    if _remembered(group).exists() and not others:
        _FORWARDING.write_text("0")
        _remembered(group).unlink()
    return there


def _remembered(group: Group) -> Path:
    """Says that this tool, not the administrator, made the machine forward packets."""
    return group.directory.parent / "forwarding-was-off"
