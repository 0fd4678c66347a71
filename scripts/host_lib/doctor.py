"""What this machine lacks for hosts, each with cause and remedy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.host_lib import bases, cgroups, overlay, places
from scripts.host_lib.errors import MachineError
from scripts.host_lib.mirrors import KEYRING, mirrors
from scripts.host_lib.shell import attempt

Kind = Literal["ok", "package", "rights", "kernel", "room"]
PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
}
_BASE_MEGABYTES = 1500
_INSTANCES_PER_HOST = 8
"""of inotify, as systemd 252 and 257 take them; beyond the limit pid 1 of a host ends without a word"""


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind`: what is missing, or ok. Without a right or a feature of the kernel no package helps."""

    what: str
    kind: Kind
    detail: str = ""
    remedy: str = ""


def examine() -> Iterator[Finding]:
    yield _root()
    for program, package in PROGRAMS.items():
        yield _program(program, package)
    yield _archive_keys()
    yield _overlay()
    yield _cgroups()
    if os.geteuid() == 0:
        yield _namespaces()
    yield _mirror()
    yield _room()
    yield _capacity()


def lacking() -> list[Finding]:
    return [finding for finding in examine() if finding.kind != "ok"]


def _root() -> Finding:
    if os.geteuid() == 0:
        return Finding("root", "ok")
    remedy = "Run it as root, for example with sudo."
    return Finding("root", "rights", "mounts, namespaces and control groups need it", remedy)


def _program(program: str, package: str) -> Finding:
    if path := shutil.which(program):
        return Finding(program, "ok", path)
    return Finding(program, "package", "not installed", f"apt-get install --no-install-recommends {package}")


def _archive_keys() -> Finding:
    if KEYRING.exists():
        return Finding("keys of Debian's archive", "ok", str(KEYRING))
    remedy = "apt-get install --no-install-recommends debian-archive-keyring"
    return Finding("keys of Debian's archive", "package", f"{KEYRING} is missing", remedy)


def _overlay() -> Finding:
    if overlay.supported():
        return Finding("overlayfs", "ok")
    return Finding("overlayfs", "kernel", "the kernel does not have it", "Use a machine whose kernel has overlayfs.")


def _cgroups() -> Finding:
    try:
        found = cgroups.hierarchies()
    except MachineError as error:
        return Finding("control groups", "kernel", error.problem.what, error.problem.remedy)
    return Finding("control groups", "ok", ", ".join(map(str, found)))


def _namespaces() -> Finding:
    code, said = attempt("unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "true")
    if code == 0:
        return Finding("namespaces", "ok")
    remedy = "Start this machine (or its container) with the right to make namespaces."
    return Finding("namespaces", "kernel", said.strip(), remedy)


def _mirror() -> Finding:
    try:
        found = mirrors()
    except MachineError as error:
        return Finding("Debian mirror", "room", error.problem.what, error.problem.remedy)
    return Finding("Debian mirror", "ok", f"{found.main}, {found.security}")


def _room() -> Finding:
    free = bases.megabytes_free(places.cache())
    what = f"room in {places.cache()}"
    if free >= _BASE_MEGABYTES:
        return Finding(what, "ok", f"{free} MB free")
    remedy = f"Free {_BASE_MEGABYTES} MB, or set PROFORMA_HOSTS_CACHE."
    return Finding(what, "room", f"{free} MB free", remedy)


def _capacity() -> Finding:
    instances = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    return Finding("hosts at a time", "ok", f"about {instances // _INSTANCES_PER_HOST} (fs.inotify.max_user_instances)")
