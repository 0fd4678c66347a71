"""A host's root: the base, layers above it, and the host's own writable disk on top, as one overlay."""

from __future__ import annotations

from pathlib import Path

from scripts.host_lib import bases, layers
from scripts.host_lib.places import Place
from scripts.host_lib.shell import attempt, mounts_below, run, unmount_below
from scripts.host_lib.spec import Spec


def mount(place: Place, spec: Spec) -> None:
    """Mount the root, once. Raises HostError, AbsentError."""
    if mounted(place.root):
        return
    for directory in (place.root, place.disk):
        directory.mkdir(exist_ok=True, mode=0o755)
    if spec.disk and not mounted(place.disk):
        run("mount", "-t", "tmpfs", "-o", f"size={spec.disk},mode=755", place.machine, str(place.disk))
    for part in ("upper", "work"):
        (place.disk / part).mkdir(exist_ok=True, mode=0o755)
    lower = [*layers.trees(spec.layers), bases.find(spec.base).root]
    options = f"lowerdir={':'.join(map(str, lower))},upperdir={place.disk}/upper,workdir={place.disk}/work"
    run("mount", "-t", "overlay", "-o", options, place.machine, str(place.root))


def unmount(place: Place) -> None:
    """Harmless when nothing is mounted."""
    unmount_below(place.directory)


def unmount_root(place: Place) -> None:
    """The root alone: the disk can still be read."""
    unmount_below(place.root)


def mounted(directory: Path) -> bool:
    return directory in mounts_below(directory)


def prepare(place: Place, spec: Spec) -> None:
    """What differs between hosts: name, host key, who may sign in as root, the resolver where there is a way out."""
    etc = place.root / "etc"
    (etc / "hostname").write_text(f"{place.name}\n")
    if not (place.disk / "upper/etc/hosts").exists():  # names that were added since stay
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {place.name}\n::1 localhost\n")
    if not (etc / "ssh/ssh_host_ed25519_key").exists():
        key = ("-q", "-t", "ed25519", "-N", "", "-C", place.name, "-f", "/etc/ssh/ssh_host_ed25519_key")
        run("chroot", str(place.root), "ssh-keygen", *key)
    if spec.keys:
        _authorise(place.root, spec.keys)


def _authorise(root: Path, keys: tuple[str, ...]) -> None:
    folder = root / "root/.ssh"
    folder.mkdir(exist_ok=True, mode=0o700)
    file = folder / "authorized_keys"
    there = file.read_text().splitlines() if file.exists() else []
    file.write_text("".join(f"{line}\n" for line in dict.fromkeys([*there, *keys])))
    file.chmod(0o600)


def copy_resolver(place: Place) -> None:
    target = place.root / "etc/resolv.conf"
    target.unlink(missing_ok=True)
    target.write_text(Path("/etc/resolv.conf").read_text())


def supported() -> bool:
    attempt("modprobe", "--quiet", "overlay")
    return "\toverlay\n" in Path("/proc/filesystems").read_text()
