"""Releases to rehearse rollouts with: real ones of what is committed, and one that a host must leave again.

python -m scripts.release_lib.rehearsal CACHE [--python X.Y ...]   prints the directory they are in

proforma-1.0.0.tar, 1.1.0   good, the same but for the version
proforma-1.2.0.tar          starts, and answers every request with an error
keys/                       what a host trusts

Made once for each content and kept in CACHE; those of older contents go hours after they were last asked for, since
somebody may still be rolling them out. The signing key is forgotten at once.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import platform
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scripts.release_lib import building, checkout, keys, packing
from scripts.release_lib.wheels import Target

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.13")
KEPT_SECONDS = 2 * 3600
BROKEN = b"""

def application(environ, start_response):
    start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
    return [b"broken on purpose"]
"""


def releases(cache: Path, pythons: tuple[str, ...] = PYTHONS) -> Path:
    """The directory with the releases of what is committed; makes it when it is not there. One caller at a time."""
    commit, committed = checkout.git(ROOT, "log", "-1", "--format=%H %ct").split()
    target = Target(pythons, platform.machine())
    place = cache / f"{_content(commit)}-{'-'.join(pythons)}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _discard_older(cache)
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                source = checkout.Checkout(ROOT, commit, int(committed), "1.0.0")
                make(source, target, Path(scratch)).rename(place)
        place.touch()
    return place


def _content(commit: str) -> str:
    """Twelve digits that differ when the shipped files of the commit, the requirements or the packing do."""
    digest = hashlib.sha256(checkout.git(ROOT, "ls-tree", "-r", commit, "--", *checkout.SHIPPED).encode())
    inputs = (
        "app/requirements.txt",
        "app/requirements-install.txt",
        "scripts/release_lib/*.py",
        "scripts/proforma_install/*.py",
    )
    for path in sorted(path for pattern in inputs for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _discard_older(cache: Path) -> None:
    for older in cache.iterdir():
        if older.is_dir() and older.stat().st_mtime < time.time() - KEPT_SECONDS:
            shutil.rmtree(older)


def make(source: checkout.Checkout, target: Target, scratch: Path) -> Path:
    """All of them in a new directory below `scratch`. The files are gathered once and packed under each version."""
    out, tree = scratch / "out", scratch / "tree"
    (out / "keys").mkdir(parents=True)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (out / "keys" / f"release-{keys.identity(key)}.pub.pem").write_bytes(public)
    building.content(source, target, tree, None)
    _pack(source, target, tree, out, "1.0.0", key)
    _pack(source, target, tree, out, "1.1.0", key)
    with (tree / "app/portal/wsgi.py").open("ab") as file:
        file.write(BROKEN)
    _pack(source, target, tree, out, "1.2.0", key)
    return out


def _pack(
    source: checkout.Checkout, target: Target, tree: Path, out: Path, version: str, key: Ed25519PrivateKey
) -> None:
    named = replace(source, version=version)
    (tree / "VERSION").write_text(f"{version}\n")
    path = out / f"proforma-{version}.tar"
    about = packing.About(version, named.commit, named.committed, target)
    packing.seal(path, packing.pack(tree, path, about), [key])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Releases to rehearse rollouts with.")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--python", action="append", default=[])
    given = parser.parse_args(arguments)
    sys.stdout.write(f"{releases(given.cache, tuple(given.python) or PYTHONS)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
