"""An instance of a baked image: a new host on the disk that the baking left, and what EC2 would tell cloud-init."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.ansible_lib import baking
from scripts.host_lib import boot, hosts
from scripts.host_lib.places import Place
from scripts.rehearse_lib.errors import RehearsalError

SEED = "var/lib/cloud/seed/nocloud-net"
HOST_KEYS = "etc/ssh/ssh_host_*_key.pub"
OPEN = {"tcp 22"}
"""what listens beyond loopback while nobody has configured the host"""


@dataclass(frozen=True, slots=True)
class Identity:
    """What no two hosts may share."""

    machine: str
    keys: frozenset[str]


def identity(root: Path) -> Identity:
    """Of the host that runs from that root."""
    file = root / "etc/machine-id"
    machine = file.read_text().strip() if file.exists() else ""
    return Identity(machine, frozenset(path.read_text().split()[1] for path in root.glob(HOST_KEYS)))


@contextmanager
def instance(baked: Place, place: Path, key: Path) -> Iterator[tuple[Place, str]]:
    """The machine that was baked is powered off, as Packer stops an instance; then a new host boots from its disk.

    `key`: its public half is what the instance is told to let in. Raises HostError, RehearsalError for what is left on
    the disk.
    """
    hosts.down(baked)
    disk = baked.disk / "upper"
    if found := sorted(str(path.relative_to(disk)) for path in left(disk)):
        raise RehearsalError(f"On the disk of {baked.group.name} there is still: {', '.join(found)}")
    public = key.with_suffix(".pub").read_text().strip()
    layers = [str(disk), str(_seed(place, public))]
    new = baked.group.place("instance")
    try:
        lease, _ = hosts.up(new, baking.online_host("trixie", public, group=baked.group, chain=layers))
        yield new, baking.address(lease)
    finally:
        hosts.down(new, purge=True, now=True)


def left(disk: Path) -> Iterator[Path]:
    """What the machine wrote while it went down is no identity: it is not looked at."""
    yield from disk.glob("etc/ssh/ssh_host_*")
    yield from disk.glob("root/.ssh/authorized_keys")
    yield from disk.glob("home/*/.ssh/authorized_keys")
    yield from disk.glob("home/*/.bash_history")
    yield from disk.glob("tmp/*")
    yield from (path for path in disk.glob("etc/machine-id") if path.read_text())


def _seed(place: Path, public: str) -> Path:
    """A tree with what an instance asks EC2 for. The network is the host's own."""
    folder = place / SEED
    folder.mkdir(parents=True)
    about = {"instance-id": f"i-{place.name}", "local-hostname": "instance", "public-keys": [public]}
    (folder / "meta-data").write_text(json.dumps(about))
    (folder / "user-data").write_text("#cloud-config\n{}\n")
    (folder / "network-config").write_text("config: disabled\n")
    return place


def faults(new: Place, before: Identity) -> list[str]:
    """A sentence for each; `before`: of the machine that was baked. Raises HostError when it does not come up."""
    failed = boot.wait(new)
    cloud = boot.said(new, "cloud-init", "status", "--wait")
    found = [f"the unit {unit} has failed" for unit in failed]
    if "status: done" not in cloud:
        found.append(f"cloud-init has not done its work: {cloud}")
    found += strangers(before, identity(new.root))
    running = boot.said(
        new, "systemctl", "list-units", "--plain", "--no-legend", "--state=running", "proforma-*", "vpn-*"
    )
    found += [f"{line.split()[0]} runs, and nobody has configured it" for line in running.splitlines()]
    return found + opened(boot.said(new, "ss", "-Hltun"))


def strangers(before: Identity, after: Identity) -> list[str]:
    found = []
    if len(after.machine) != 32 or after.machine == before.machine:
        found.append(f"the machine-id is {after.machine or 'empty'}, and that of the baking was {before.machine}")
    if len(after.keys) < 2 or after.keys & before.keys:  # ./scripts/host has put in one before the boot
        found.append("the host has no keys of its own, or those of the baking")
    return found


def opened(listed: str) -> list[str]:
    """`listed`: what ss says, a socket a line."""
    sockets = (line.split() for line in listed.splitlines())
    ports = {
        f"{words[0]} {words[4].rpartition(':')[2]}" for words in sockets if not words[4].startswith(("127.", "[::1]"))
    }
    found = [f"{one} is open, and nobody has configured the host" for one in sorted(ports - OPEN)]
    return found + [f"{one} is not open: nobody could configure the host" for one in sorted(OPEN - ports)]
