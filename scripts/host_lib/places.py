"""Where things are kept and how they are called. Pure but for two environment variables.

Cache (PROFORMA_HOSTS_CACHE): bases and layers, kept until they are removed by name.
State (PROFORMA_HOSTS_STATE): one directory per group and host, gone with `down --purge`.
Group (PROFORMA_HOSTS_GROUP): whose hosts these are; one group never sees or ends another's.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.host_lib.errors import UsageError

PREFIX = "hs"
"""of every namespace, device, cgroup and firewall table that this tool makes"""
MARK = "proforma-hosts"
_GROUP_MAX = 20
"""hs. + group + . + host is a machine name, which has at most 64 characters"""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def checked(name: str, what: str) -> str:
    """A name fit for a host name, a directory and a namespace. Raises UsageError."""
    if not _NAME.fullmatch(name):
        remedy = "Use 1 to 40 small letters, digits and hyphens; a hyphen neither first nor last."
        raise UsageError(f"'{name}' cannot be the name of a {what}.", where=what, remedy=remedy)
    return name


def cache() -> Path:
    return Path(os.environ.get("PROFORMA_HOSTS_CACHE") or f"/var/cache/{MARK}").absolute()


def state() -> Path:
    return Path(os.environ.get("PROFORMA_HOSTS_STATE") or f"/var/lib/{MARK}").absolute()


def short(*parts: str) -> str:
    """Ten characters for a device, whose name the kernel limits to fifteen."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Group:
    name: str

    @property
    def directory(self) -> Path:
        return state() / self.name

    def lock(self, what: str) -> Path:
        """A file outside the directory, which `down` may remove. `what`: network, leases, or a host after a dot."""
        return state() / "locks" / f"{self.name}.{what}"

    @property
    def mark(self) -> str:
        """The alias of every device of the group, by which they are found after a crash."""
        return f"{MARK}:{self.name}"

    @property
    def table(self) -> str:
        return f"{PREFIX}_{self.name}".replace("-", "_")

    def prefix(self) -> str:
        """Group names hold no dot, so no other group's prefix begins like this one."""
        return f"{PREFIX}.{self.name}."

    def bridge(self, network: str) -> str:
        return f"{PREFIX}b{short(self.name, network)}"

    def place(self, host: str) -> Place:
        return Place(self, checked(host, "host"))

    def hosts(self) -> list[str]:
        """Names of all hosts with a lease on disk."""
        return sorted(path.parent.name for path in self.directory.glob("*/host.json"))


@dataclass(frozen=True, slots=True)
class Place:
    """One host's files and names, all derived: whoever knows the name can remove everything."""

    group: Group
    name: str

    @property
    def directory(self) -> Path:
        return self.group.directory / self.name

    @property
    def lease(self) -> Path:
        return self.directory / "host.json"

    @property
    def root(self) -> Path:
        return self.directory / "root"

    @property
    def disk(self) -> Path:
        """Holds upper/ and work/ of the overlay; a size-limited host has a file system of its own here."""
        return self.directory / "disk"

    @property
    def console(self) -> Path:
        return self.directory / "console.log"

    @property
    def machine(self) -> str:
        """Network namespace, cgroup and machine name."""
        return f"{self.group.prefix()}{self.name}"

    def veth(self, number: int) -> str:
        return f"{PREFIX}{short(self.group.name, self.name)}-{number}"


def group() -> Group:
    """Raises UsageError."""
    name = checked(os.environ.get("PROFORMA_HOSTS_GROUP") or "default", "group")
    if len(name) > _GROUP_MAX:
        remedy = f"Use at most {_GROUP_MAX} characters."
        raise UsageError(f"'{name}' is too long.", where="PROFORMA_HOSTS_GROUP", remedy=remedy)
    return Group(name)
