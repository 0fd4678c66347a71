"""Layers of ./scripts/host in which the `bake` phase of a playbook's roles is done: packages, users, units.

Whoever uses a layer may leave out the phases that it holds. So it is keyed by all that goes into it: tasks/bake*.yml,
tasks/harden and the files they name, defaults and vars of each role, programs and requirements from outside of the
roles, the base, and the playbook's list of roles.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from scripts.host_lib import bases, boot, hosts, layers, locks, network, places
from scripts.host_lib.errors import AbsentError, HostError
from scripts.host_lib.places import Group, Place
from scripts.host_lib.spec import UPLINK, Attachment, Spec

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE = ROOT / "ansible"
BAKED = ("tasks/bake*.yml", "tasks/harden.yml", "tasks/harden/*.yml", "defaults/*.yml", "vars/*.yml")
BROUGHT = ("scripts/proforma_install/*.py", "scripts/proforma_cloud/*.py", "strongswan/requirements.txt")
"""what roles bring from outside of ansible/ while they bake"""
_PATIENCE = 1200.0


def ensure(name: str, base: str, playbook: Path, groups: Sequence[str] = (), below: str = "") -> str:
    """The layer's name; makes it, and the base below it, when they are not there (minutes, and the internet).

    `groups`: inventory groups the host is in while it is baked. `below`: a layer to grow on. Raises HostError.
    """
    built, _ = bases.build(base)
    layer = layer_name(name, built, playbook, groups, below)
    with locks.held(places.cache() / "layers" / f"{layer}.baking", _PATIENCE):
        if not _fits(layer, built):
            _discard_older(name, base, layer)
            _bake(layer, built, playbook, groups, below)
    return layer


def layer_name(name: str, base: bases.Base, playbook: Path, groups: Sequence[str], below: str = "") -> str:
    """`NAME-BASE-KEY`; another key whenever something that is baked changes."""
    digest = hashlib.sha256(f"{base.made}\n{','.join(groups)}\n{below}".encode())
    for role in roles_of(playbook, groups):
        for path in sorted(_baked(ANSIBLE / "roles" / role)):
            digest.update(f"{path.relative_to(ANSIBLE)}\n".encode() + path.read_bytes())
    for path in sorted(path for pattern in BROUGHT for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return f"{name}-{base.suite}-{digest.hexdigest()[:8]}"


def _baked(role: Path) -> set[Path]:
    """What the phase `bake` of a role reads, of the role's own folder."""
    found = {path for pattern in BAKED for path in role.glob(pattern)}
    tasks = "".join(path.read_text() for path in found if "tasks" in path.parts)
    beside = (path for folder in ("files", "templates") for path in role.glob(f"{folder}/*") if path.is_file())
    return found | {path for path in beside if path.name.removesuffix(".j2") in tasks}


def roles_of(playbook: Path, groups: Sequence[str] = ()) -> list[str]:
    """Roles in the order of the plays, those that a play or another role's phase `bake` imports included.

    `groups`: of plays on one of them alone.
    """
    found: list[str] = []
    for play in yaml.safe_load(playbook.read_text()):
        if imported := play.get("ansible.builtin.import_playbook"):
            found += roles_of(playbook.parent / imported, groups)
        hosts_ = set(play.get("hosts", "").split(":"))
        if groups and not hosts_ & {"all", *groups}:
            continue
        found += [one if isinstance(one, str) else one["role"] for one in play.get("roles", ())]
        found += _imported(play.get("tasks", ()))
    also = (name for role in found for name in _imported(_tasks(ANSIBLE / "roles" / role / "tasks/bake.yml")))
    return list(dict.fromkeys([*found, *also]))


def _tasks(file: Path) -> Sequence[Mapping[str, Any]]:
    return (yaml.safe_load(file.read_text()) or ()) if file.exists() else ()


def _imported(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    return [call["name"] for task in tasks if (call := task.get("ansible.builtin.import_role"))]


def online_host(
    base: str, key: str, *, group: Group | None = None, chain: Sequence[str] = (), more: Sequence[Attachment] = ()
) -> Spec:
    """A host that this machine reaches by its uplink; `key` is a public key that may enter as root."""
    route = ("default", str(network.uplink(group or places.group()).ip))
    attachments = (*more, Attachment(UPLINK, UPLINK))
    return Spec(base, layers=tuple(chain), attachments=attachments, routes=(route,), keys=(key,))


def address(lease: Spec) -> str:
    """Where this machine reaches the host."""
    return next(a for one in lease.attachments if one.network == UPLINK for a in one.addresses).partition("/")[0]


@contextlib.contextmanager
def fresh(group: Group, base: str, key: Path, *, chain: Sequence[str] = ()) -> Iterator[tuple[Place, str]]:
    """A new host, the only one of its group, started and online, and its address; all of it is gone afterwards."""
    place, public = group.place("baking"), key.with_suffix(".pub").read_text().strip()
    try:
        lease, _ = hosts.up(place, online_host(base, public, group=group, chain=chain))
        boot.wait(place)
        yield place, address(lease)
    finally:
        hosts.down_all(group, purge=True, now=True)


def make_key(directory: Path) -> Path:
    """A key pair for one run; the public half is FILE.pub."""
    private = directory / "ssh_key"
    if not private.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(private)], check=True)
    return private


def _fits(layer: str, base: bases.Base) -> bool:
    try:
        return layers.find(layer).base_made == base.made
    except AbsentError:
        return False


def _discard_older(name: str, base: str, layer: str) -> None:
    """Layers of the same name and base, of which only the newest is of use. One in use stays."""
    for one in layers.kept():
        if one.name.startswith(f"{name}-{base}-") and one.name != layer:
            with contextlib.suppress(HostError):
                layers.remove(one.name)


def _bake(layer: str, base: bases.Base, playbook: Path, groups: Sequence[str], below: str) -> None:
    group = Group(f"bake-{hashlib.sha256(layer.encode()).hexdigest()[:8]}")
    with tempfile.TemporaryDirectory() as scratch:
        key = make_key(Path(scratch))
        with fresh(group, base.suite, key, chain=[below] if below else []) as (place, where):
            inventory = write_inventory(Path(scratch), {place.name: (where, tuple(groups))}, key)
            play(playbook, inventory, "--tags", "bake")
            hosts.save_layer(place, layer)


def write_inventory(directory: Path, found: Mapping[str, tuple[str, Sequence[str]]], key: Path) -> Path:
    """`found`: name -> (address, groups). Host keys are new and unknown; nobody else is on that bridge."""
    common = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ControlPersist=60s"
    variables = {"ansible_user": "root", "ansible_ssh_private_key_file": str(key), "ansible_ssh_common_args": common}
    children: dict[str, Any] = {}
    for name, (where, groups) in found.items():
        for group in groups:
            children.setdefault(group, {"hosts": {}})["hosts"][name] = {}
        children.setdefault("made", {"hosts": {}})["hosts"][name] = {"ansible_host": where}
    file = directory / "inventory.json"
    file.write_text(json.dumps({"all": {"vars": variables, "children": children}}, indent=1))
    return file


def play(playbook: Path, inventory: Path, *options: str) -> None:
    """Run a playbook as a person would. Raises HostError with the end of what it said."""
    environment = os.environ | {
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_NOCOLOR": "1",
    }
    command = ["ansible-playbook", "--inventory", str(inventory), *options, str(playbook)]
    done = subprocess.run(command, env=environment, cwd=ANSIBLE, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])
        remedy = "Mend the role; nothing was kept."
        raise HostError(f"The playbook failed:\n{end}", where=" ".join(command), remedy=remedy)
