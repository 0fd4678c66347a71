"""Hosts up and down. What exists is derived from group and name, so a crash at any point leaves nothing unknown.

Order of `up`: lease, mount, namespace, processes. Order of `down`: the other way. The lease goes last, with the disk.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.host_lib import bases, boot, cgroups, layers, locks, network, overlay
from scripts.host_lib import spec as specs
from scripts.host_lib.errors import AbsentError, RefusedError
from scripts.host_lib.places import Group, Place
from scripts.host_lib.shell import mounts_below, remove_tree, unmount_below
from scripts.host_lib.spec import UPLINK, Attachment, Spec

AT_ONCE = 4
"""hosts that end together: most of it is waiting for the kernel"""


@dataclass(frozen=True, slots=True)
class Status:
    """`state`: running, off (its disk is kept), or broken (a crash left parts of it)."""

    name: str
    state: str
    base: str
    layers: tuple[str, ...]
    addresses: tuple[str, ...]
    pid: int | None


def up(place: Place, wanted: Spec | None) -> tuple[Spec, bool]:
    """The host's lease, and whether it was started now. Without `wanted` an existing host starts as it is.

    Raises AbsentError (base, layer, or no such host), RefusedError (it is there, but otherwise), HostError.
    """
    with locks.held(_lock(place)):
        new = not place.lease.exists()
        lease = _lease(place, wanted)
        if boot.leader(place) is not None:
            return lease, False
        try:
            _start(place, lease)
        except BaseException:  # Ctrl-C too
            _clear(place)
            if new:
                remove_tree(place.directory)
            raise
    return lease, True


def down(place: Place, *, purge: bool = False, now: bool = False) -> bool:
    """Whether anything was there. `now`: as if the power failed; `purge`: its disk too."""
    with locks.held(_lock(place)):
        there = _state(place) != "off" or (purge and place.directory.exists())
        if not now:
            boot.power_off(place)
        _clear(place)
        if purge:
            remove_tree(place.directory)
            _lock(place).unlink(missing_ok=True)
    return there


def down_all(group: Group, *, purge: bool = False, now: bool = False) -> list[str]:
    """Every host of the group and all that a crash left of it; returns what was found."""
    names = list(_known(group))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        there = list(pool.map(lambda name: down(group.place(name), purge=purge, now=now), names))
    found = [name for name, was in zip(names, there, strict=True) if was]
    found += network.sweep(group)
    unmount_below(group.directory)
    if purge:
        network.close_way_out(group)
        remove_tree(group.directory)
        for lock in group.lock("").parent.glob(group.lock("*").name):
            lock.unlink(missing_ok=True)
    return found


def status(group: Group) -> list[Status]:
    return [_status(group.place(name)) for name in _known(group)]


def save_layer(place: Place, name: str) -> layers.Layer:
    """Power the host off, keep what it changed as a layer, and remove the host. Raises AbsentError, RefusedError."""
    if not place.lease.exists():
        raise _absent(place)
    lease = specs.read(place)
    layer = layers.Layer(name, lease.base, lease.base_made, lease.layers)
    if name in lease.layers:
        remedy = "Choose another name."
        raise RefusedError(f"The host stands on the layer '{name}' itself.", where="layer save", remedy=remedy)
    with locks.held(_lock(place)):
        boot.power_off(place)
        cgroups.end(place.machine)
        overlay.unmount_root(place)
        layers.save(layer, place.disk / "upper")
    down(place, purge=True)
    return layer


def _lease(place: Place, wanted: Spec | None) -> Spec:
    if place.lease.exists():
        return _kept(place, wanted)
    if wanted is None:
        raise _absent(place)
    with locks.held(place.group.lock("leases")):
        base = bases.find(wanted.base)
        attachments = tuple(_addressed(place.group, one) for one in wanted.attachments)
        made = replace(
            wanted,
            base_made=base.made,
            layers=layers.chain(list(wanted.layers), base),
            attachments=attachments,
        )
        specs.write(made, place)
    return made


def _kept(place: Place, wanted: Spec | None) -> Spec:
    """The lease of a host that is there. Raises RefusedError when something else is wanted now."""
    lease = specs.read(place)
    base = bases.find(lease.base)
    remedy = f"./scripts/host down {place.name} --purge, then up again."
    if base.made != lease.base_made:
        what = f"The base {lease.base} was built anew; the disk of {place.name} does not fit it any more."
        raise RefusedError(what, where="up", remedy=remedy)
    if wanted is not None and _comparable(lease) != _comparable(
        replace(wanted, base_made=base.made, layers=layers.chain(list(wanted.layers), base))
    ):
        raise RefusedError(f"The host {place.name} is there, with other options.", where="up", remedy=remedy)
    return lease


def _comparable(one: Spec) -> Spec:
    """Without what is given out, not asked for."""
    return replace(
        one, attachments=tuple(replace(a, addresses=()) if a.network == UPLINK else a for a in one.attachments)
    )


def _addressed(group: Group, one: Attachment) -> Attachment:
    return replace(one, addresses=(network.free_address(group),)) if one.network == UPLINK else one


def _start(place: Place, lease: Spec) -> None:
    _clear(place)
    overlay.mount(place, lease)
    overlay.prepare(place, lease)
    network.attach(place, lease)
    if any(one.network == UPLINK for one in lease.attachments):
        overlay.copy_resolver(place)
        network.open_way_out(place.group)
    boot.start(place)


def _clear(place: Place) -> None:
    """Processes, mounts, network: all but the disk. Harmless when nothing is there."""
    cgroups.end(place.machine)
    boot.forget(place.machine)
    overlay.unmount(place)
    network.detach(place)


def _status(place: Place) -> Status:
    try:
        lease = specs.read(place)
    except FileNotFoundError:
        return Status(place.name, "broken", "", (), (), None)
    return Status(place.name, _state(place), lease.base, lease.layers, tuple(lease.addresses()), boot.leader(place))


def _state(place: Place) -> str:
    if boot.leader(place) is not None:
        return "running"
    left = network.namespace(place).exists() or mounts_below(place.directory) or cgroups.names(place.machine)
    return "broken" if left else "off"


def _known(group: Group) -> list[str]:
    """Hosts with a lease, and those of which only traces are left."""
    prefix = group.prefix()
    traces = [*cgroups.names(prefix), *(path.name for path in Path("/run/netns").glob(f"{prefix}*"))]
    mounted = [p.relative_to(group.directory).parts[0] for p in mounts_below(group.directory) if p != group.directory]
    return sorted({*group.hosts(), *(trace.removeprefix(prefix) for trace in traces), *mounted})


def _absent(place: Place) -> AbsentError:
    remedy = "./scripts/host list shows those that are there."
    return AbsentError(f"There is no host '{place.name}'.", where=f"group {place.group.name}", remedy=remedy)


def _lock(place: Place) -> Path:
    return place.group.lock(f".{place.name}")
