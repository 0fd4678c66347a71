"""Releases to rehearse rollouts with: real ones of the last commit, and some that a host must refuse or leave again.

python -m scripts.release_lib.rehearsal CACHE [--python X.Y ...]   prints the directory they are in

proforma-1.0.0.tar, 1.1.0   good, the same but for the version
proforma-1.2.0.tar          starts, and answers every request with an error
proforma-1.3.0.tar          altered after it was signed
proforma-1.4.0.tar          signed by a stranger
proforma-1.5.0.tar          not signed
keys/                       what a host trusts

Made once for each commit and kept in CACHE, the newest only. The signing key is forgotten at once.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scripts.release_lib import building, checkout, keys, packing
from scripts.release_lib.wheels import Target

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.13")
BROKEN = b"""

def application(environ, start_response):
    start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
    return [b"broken on purpose"]
"""


def releases(cache: Path, pythons: tuple[str, ...] = PYTHONS) -> Path:
    """The directory with the releases of the last commit; makes it when it is not there. One caller at a time."""
    commit, committed = checkout.git(ROOT, "log", "-1", "--format=%H %ct").split()
    target = Target(pythons, platform.machine())
    place = cache / f"{commit[:12]}-{'-'.join(pythons)}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            for older in cache.iterdir():
                if older.is_dir():
                    shutil.rmtree(older)
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                source = checkout.Checkout(ROOT, commit, int(committed), "1.0.0")
                make(source, target, Path(scratch)).rename(place)
    return place


def make(source: checkout.Checkout, target: Target, scratch: Path) -> Path:
    """All of them in a new directory below `scratch`. The files are gathered once and packed under each version."""
    out, tree = scratch / "out", scratch / "tree"
    (out / "keys").mkdir(parents=True)
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (out / "keys" / f"release-{keys.identity(key)}.pub.pem").write_bytes(public)
    building.content(source, target, tree, None)
    good = _pack(source, target, tree, out, "1.0.0", key)
    _pack(source, target, tree, out, "1.1.0", key)
    _alter(_pack(source, target, tree, out, "1.3.0", key))
    _pack(source, target, tree, out, "1.4.0", stranger)
    shutil.copyfile(good, out / "proforma-1.5.0.tar")
    with (tree / "app/portal/wsgi.py").open("ab") as file:
        file.write(BROKEN)
    _pack(source, target, tree, out, "1.2.0", key)
    return out


def _pack(
    source: checkout.Checkout, target: Target, tree: Path, out: Path, version: str, key: Ed25519PrivateKey
) -> Path:
    named = replace(source, version=version)
    (tree / "VERSION").write_text(f"{version}\n")
    path = out / f"proforma-{version}.tar"
    about = packing.About(version, named.commit, named.committed, target)
    packing.seal(path, packing.pack(tree, path, about), [key])
    return path


def _alter(path: Path) -> None:
    """One bit, in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Releases to rehearse rollouts with.")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--python", action="append", default=[])
    given = parser.parse_args(arguments)
    sys.stdout.write(f"{releases(given.cache, tuple(given.python) or PYTHONS)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
