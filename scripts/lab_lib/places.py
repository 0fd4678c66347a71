"""Where the lab keeps what it makes: never in the clone.

State (PROFORMA_LAB_STATE): secrets, certificates, inventory and logs of one lab; gone with `down`.
Cache (PROFORMA_LAB_CACHE): wheels and signed releases by commit; kept. Layers are kept by ./scripts/host.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from scripts.host_lib import places as host_places
from scripts.host_lib.places import Group
from scripts.lab_lib.topology import GROUP

ROOT = Path(__file__).resolve().parents[2]


def group() -> Group:
    """The lab's hosts: `lab`, unless PROFORMA_HOSTS_GROUP says otherwise."""
    os.environ.setdefault("PROFORMA_HOSTS_GROUP", GROUP)
    return host_places.group()


def state() -> Path:
    return Path(os.environ.get("PROFORMA_LAB_STATE") or f"/var/lib/proforma-lab/{group().name}").absolute()


def cache() -> Path:
    return Path(os.environ.get("PROFORMA_LAB_CACHE") or "/var/cache/proforma-lab").absolute()


@dataclass(frozen=True, slots=True)
class Lab:
    """The files of one lab."""

    group: Group
    state: Path
    cache: Path

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def certificates(self) -> Path:
        """What hosts are given: certificates, lists, keys."""
        return self.state / "certificates"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.json"

    @property
    def backup_identity(self) -> Path:
        return self.state / "backup.key"

    @property
    def inventory(self) -> Path:
        return self.state / "inventory"

    @property
    def record(self) -> Path:
        """How long each step of the last `up` took."""
        return self.state / "up.json"

    def private(self, path: Path) -> Path:
        """The directory, made for root alone."""
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path


def lab() -> Lab:
    return Lab(group(), state(), cache())
