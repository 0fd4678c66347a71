"""Layers of the lab's hosts: what takes long is done once, keyed by all that goes into it.

Hosts of the appliance get the `bake` phase of the real roles (ansible/playbooks/image.yml), others a script of bake/.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.ansible_lib import baking
from scripts.host_lib import bases, boot, hosts, layers, network
from scripts.host_lib.errors import AbsentError, HostError
from scripts.host_lib.places import Group, Place
from scripts.host_lib.spec import UPLINK, Attachment, Spec
from scripts.lab_lib import wheels
from scripts.lab_lib.errors import LabError
from scripts.lab_lib.topology import BASE

SCRIPTS = Path(__file__).with_name("bake")
IMAGE = baking.ANSIBLE / "playbooks/image.yml"
SCRIPTED = ("net", "database", "aws", "systems")
BAKED = {"vpn": "", "worker": "", "portal": "worker"}
"""kind -> the kind whose layer it grows on: a portal host has all that a worker has, and nginx"""
AT_ONCE = 2
BEGIN = "set -eu\nexport DEBIAN_FRONTEND=noninteractive\napt-get update -q\n"


def ensure(say: Callable[[str], None], wanted: tuple[str, ...]) -> dict[str, str]:
    """Kind of host -> name of its layer. Makes those that are missing (minutes, and the internet). Raises HostError."""
    base, made_now = bases.build(BASE)
    if made_now:
        say(f"base {BASE} made")
    names = {kind: _script_name(kind, base) for kind in wanted if kind in SCRIPTED}
    missing = [kind for kind, name in names.items() if not fits(name, base)]
    for kind in missing:
        say(f"layer {names[kind]} is made")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(lambda kind: _make(kind, names[kind]), missing):
            pass
    for kind, below in BAKED.items():
        if kind in wanted:
            under = names.get(below, "")
            name = baking.layer_name(f"lab-{kind}", base, IMAGE, (kind,), under)
            if not fits(name, base):
                say(f"layer {name} is made by playbooks/image.yml")
            names[kind] = baking.ensure(f"lab-{kind}", BASE, IMAGE, (kind,), under)
    return names


def newest(wanted: tuple[str, ...]) -> dict[str, str]:
    """Kind -> the layer that is there, whatever has changed in the roles since. Raises AbsentError."""
    found: dict[str, str] = {}
    for one in layers.kept():
        kind = one.name.removeprefix("lab-").partition(f"-{BASE}-")[0]
        made = (layers.directory(one.name) / "about.json").stat().st_mtime
        if one.name.startswith("lab-") and made >= _made(found.get(kind, "")):
            found[kind] = one.name
    if missing := set(wanted) - set(found):
        raise AbsentError(
            f"No layer of {', '.join(sorted(missing))}.", where="layers", remedy="Run up without --keep-layers."
        )
    return {kind: found[kind] for kind in wanted}


def _made(name: str) -> float:
    return (layers.directory(name) / "about.json").stat().st_mtime if name else 0.0


def fits(name: str, base: bases.Base) -> bool:
    try:
        return layers.find(name).base_made == base.made
    except AbsentError:
        return False


def _script_name(kind: str, base: bases.Base) -> str:
    digest = hashlib.sha256(f"{base.made}\n{BEGIN}".encode() + (SCRIPTS / f"{kind}.sh").read_bytes())
    if kind in wheels.WANTED:
        digest.update(wheels.key(kind).encode())
    return f"lab-{kind}-{BASE}-{digest.hexdigest()[:8]}"


def _make(kind: str, name: str) -> None:
    with _maker(name) as place, tempfile.TemporaryDirectory() as scratch:
        if kind in wheels.WANTED:
            found = wheels.collect(kind, Path(scratch) / "wheels", os.uname().machine)
            subprocess.run(["cp", "-r", str(found), str(place.root / "srv/wheels")], check=True)
        script = BEGIN + (SCRIPTS / f"{kind}.sh").read_text()
        line = [*boot.entering(place), "bash", "-s"]
        done = subprocess.run(
            line, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            end = "\n".join(done.stdout.strip().splitlines()[-15:])
            remedy = "Is the mirror of Debian reached? ./scripts/host doctor"
            raise LabError(f"It failed:\n{end}", where=f"layer {name}", remedy=remedy)
        hosts.save_layer(place, name)
        _discard_older(kind, name)


@contextlib.contextmanager
def _maker(name: str) -> Iterator[Place]:
    """A host of its own group with the way out, gone afterwards."""
    group = Group(f"lm-{hashlib.sha256(name.encode()).hexdigest()[:8]}")
    place = group.place("maker")
    route = ("default", str(network.uplink(group).ip))
    try:
        hosts.down_all(group, purge=True, now=True)
        hosts.up(place, Spec(BASE, attachments=(Attachment(UPLINK, UPLINK),), routes=(route,)))
        boot.wait(place)
        yield place
    finally:
        hosts.down_all(group, purge=True, now=True)


def _discard_older(kind: str, name: str) -> None:
    """Of a kind only the newest is of use; one in use stays."""
    for one in list(layers.kept()):
        if one.name.startswith(f"lab-{kind}-{BASE}-") and one.name != name:
            with contextlib.suppress(HostError):
                layers.remove(one.name)
