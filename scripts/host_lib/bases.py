"""Base systems: a minimal Debian with systemd, made once by debootstrap and then only read.

CACHE/bases/SUITE/root is the tree, about.json beside it says what it is. A base is made aside and put in place whole,
so after a crash there is the old one or none; what a crash left is removed by the next build.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.host_lib import locks, places
from scripts.host_lib.errors import AbsentError, RefusedError, UsageError
from scripts.host_lib.mirrors import KEYRING, SUITES, Mirrors, apt_settings, mirrors
from scripts.host_lib.shell import attempt, remove_tree, run

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "ca-certificates", "iproute2", "openssh-server", "sudo"),
    *("python3", "python3-apt"),  # Ansible's modules run on it, and ask apt through it
)
_BUILD_PATIENCE = 1200.0
_APART = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")
"""what is mounted and started for a build ends with it, also when it is killed"""
_UPGRADE = """set -e
mount -t proc proc "$0/proc"
printf '#!/bin/sh\\nexit 101\\n' >"$0/usr/sbin/policy-rc.d"
chmod 755 "$0/usr/sbin/policy-rc.d"
chroot "$0" apt-get -q update
chroot "$0" apt-get -q -y -o Dpkg::Options::=--force-confdef dist-upgrade
chroot "$0" apt-get -q clean
rm "$0/usr/sbin/policy-rc.d"
"""


@dataclass(frozen=True, slots=True)
class Base:
    """`made`: ISO 8601, UTC; tells one build from another."""

    suite: str
    made: str
    megabytes: int

    @property
    def root(self) -> Path:
        return directory(self.suite) / "root"


def directory(suite: str) -> Path:
    if suite not in SUITES:
        raise UsageError(f"There is no base '{suite}'.", where="base", remedy=f"Choose one of: {', '.join(SUITES)}.")
    return places.cache() / "bases" / suite


def find(suite: str) -> Base:
    """Raises AbsentError, which says how to get it."""
    try:
        return Base(**json.loads((directory(suite) / "about.json").read_text()))
    except FileNotFoundError:
        remedy = f"./scripts/host base build {suite} (about two minutes)."
        raise AbsentError(f"The base {suite} has not been built.", where="base", remedy=remedy) from None


def built() -> Iterator[Base]:
    for suite in SUITES:
        if (directory(suite) / "about.json").is_file():
            yield find(suite)


def build(suite: str, *, anew: bool = False) -> tuple[Base, bool]:
    """The base, and whether it was made now. Raises MachineError, HostError."""
    place = directory(suite)
    with locks.held(_lock(suite), _BUILD_PATIENCE):
        if (place / "about.json").is_file() and not anew:
            return find(suite), False
        _refuse_in_use(suite)
        aside = place.with_name(f"{suite}.new")
        remove_tree(aside)
        aside.mkdir(mode=0o755)
        _make(suite, aside / "root", mirrors())
        _describe(suite, aside)
        remove_tree(place)
        aside.rename(place)
    return find(suite), True


def remove(suite: str) -> bool:
    """Whether there was one. Raises RefusedError while a host stands on it."""
    place = directory(suite)
    with locks.held(_lock(suite), _BUILD_PATIENCE):
        _refuse_in_use(suite)
        there = place.exists()
        remove_tree(place)
        remove_tree(place.with_name(f"{suite}.new"))
    return there


def _lock(suite: str) -> Path:
    return places.cache() / "bases" / f"{suite}.lock"


def _refuse_in_use(suite: str) -> None:
    """Every group's hosts count: changing a base below a running host is undefined in the kernel."""
    leases = [path for path in places.state().glob("*/*/host.json") if f'"base": "{suite}"' in path.read_text()]
    if leases:
        what = ", ".join(f"{path.parent.parent.name}/{path.parent.name}" for path in leases)
        remedy = "Remove them first: PROFORMA_HOSTS_GROUP=GROUP ./scripts/host down NAME --purge."
        raise RefusedError(f"Hosts stand on the base {suite}: {what}.", where="base", remedy=remedy)


def _make(suite: str, root: Path, where: Mirrors) -> None:
    settings = apt_settings()
    proxy = {"http_proxy": settings["Acquire::http::Proxy"]} if settings.get("Acquire::http::Proxy") else {}
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}", f"--keyring={KEYRING}"]
    run(*_nicely(), *_APART, "debootstrap", *options, suite, str(root), where.main, extra=proxy)
    (root / "etc/apt/sources.list").write_text("# see sources.list.d\n")
    (root / "etc/apt/sources.list.d/debian.sources").write_text(where.sources(suite))
    lines = "".join(f'{name} "{value}";\n' for name, value in settings.items())
    (root / "etc/apt/apt.conf.d/90as-on-this-machine").write_text(lines)
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    run(*_nicely(), *_APART, "sh", "-c", _UPGRADE, str(root))
    _make_anonymous(root)


def _make_anonymous(root: Path) -> None:
    """Nothing that must differ between hosts is in the base: machine-id, host keys, names, resolver."""
    (root / "etc/machine-id").write_text("")
    for path in (*root.glob("etc/ssh/ssh_host_*"), root / "etc/hostname", root / "etc/resolv.conf"):
        path.unlink(missing_ok=True)
    (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)
    (root / "etc/ssh/sshd_config.d/ed25519.conf").write_text("HostKey /etc/ssh/ssh_host_ed25519_key\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")


def _describe(suite: str, aside: Path) -> None:
    size = int(run("du", "-sm", str(aside / "root")).split()[0])
    made = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds")
    (aside / "about.json").write_text(json.dumps(asdict(Base(suite, made, size))) + "\n")


def _nicely() -> tuple[str, ...]:
    """A build takes minutes; whoever else works on this machine goes first."""
    return ("nice", "ionice", "-c3") if attempt("ionice", "-c3", "true")[0] == 0 else ("nice",)


def megabytes_free(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // 1_000_000


__all__ = ["SUITES", "Base", "build", "built", "find", "megabytes_free", "remove"]
