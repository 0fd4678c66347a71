"""The artifact: a tar that is the same byte for byte for the same files, its statement, its signatures."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.proforma_install import artifact
from scripts.release_lib import keys
from scripts.release_lib.errors import ReleaseError
from scripts.release_lib.wheels import GLIBC, Target

EXECUTABLE = {"app/manage.py"}
EPOCH = (1980, 1, 1, 0, 0, 0)
"""the earliest time that a zip knows"""


@dataclass(frozen=True, slots=True)
class About:
    """What a statement says beyond hashes. `minimum`: hosts refuse anything older from then on; "" leaves it."""

    version: str
    commit: str
    committed: int
    target: Target
    minimum: str = ""


def pack(tree: Path, out: Path, about: About) -> bytes:
    """Write the files below `tree` to the tar `out`. Returns the statement, still unsigned. Raises ReleaseError."""
    files = {str(path.relative_to(tree)): path for path in tree.rglob("*") if path.is_file()}
    if bad := [name for name in files if not artifact.safe(name)]:
        raise ReleaseError("A file has a name that a release cannot hold.", where=bad[0], remedy="Rename it.")
    entries = [_entry(name, files[name]) for name in sorted(files)]
    manifest = as_json({"version": about.version, "commit": about.commit, "files": entries})
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, artifact.MANIFEST, manifest, about.committed)
        for name in sorted(files):
            _add(tar, name, files[name].read_bytes(), about.committed)
    return as_json(_statement(about, out, manifest, tree))


def _entry(name: str, path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return {"path": name, "sha256": digest, "size": len(data), "executable": name in EXECUTABLE}


def _add(tar: tarfile.TarFile, name: str, data: bytes, mtime: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), mtime, 0o755 if name in EXECUTABLE else 0o644
    tar.addfile(info, io.BytesIO(data))


def _statement(about: About, out: Path, manifest: bytes, tree: Path) -> dict[str, Any]:
    return {
        "format": 1,
        "version": about.version,
        "commit": about.commit,
        "committed": about.committed,
        "pythons": list(about.target.pythons),
        "machine": about.target.machine,
        "glibc": ".".join(map(str, GLIBC)),
        "minimum": about.minimum,
        "size": out.stat().st_size,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "installed_bytes": _installed_bytes(tree),
    }


def _installed_bytes(tree: Path) -> int:
    """Disk needed while installing: the files, the wheels unpacked, compiled code. Rather more than less."""
    plain = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    unpacked = sum(i.file_size for path in tree.glob("wheelhouse/*.whl") for i in zipfile.ZipFile(path).infolist())
    return plain + unpacked + unpacked // 2


def as_json(value: Any) -> bytes:
    """Canonical enough to be compared: sorted, without spaces, one line."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def seal(out: Path, statement: bytes, signers: Sequence[Ed25519PrivateKey]) -> Path:
    """Write OUT.sig. Several signers carry hosts over a rotation: each needs to trust only one."""
    signatures = [signature(statement, key) for key in signers]
    return _write(out, statement, signatures)


def add_signature(out: Path, key: Ed25519PrivateKey) -> Path:
    """Sign what OUT.sig states once more, with another key."""
    sealed = json.loads((out.with_name(out.name + artifact.SUFFIX)).read_bytes())
    statement = base64.b64decode(sealed["statement"])
    if json.loads(statement)["sha256"] != hashlib.sha256(out.read_bytes()).hexdigest():
        raise ReleaseError("The artifact is not the one of its statement.", where=str(out), remedy="Build it again.")
    others = [s for s in sealed["signatures"] if s["key"] != keys.identity(key)]
    return _write(out, statement, [*others, signature(statement, key)])


def signature(statement: bytes, key: Ed25519PrivateKey) -> dict[str, str]:
    made = key.sign(artifact.SIGNED + statement)
    return {"key": keys.identity(key), "signature": base64.b64encode(made).decode()}


def _write(out: Path, statement: bytes, signatures: list[dict[str, str]]) -> Path:
    path = out.with_name(out.name + artifact.SUFFIX)
    sealed = {"statement": base64.b64encode(statement).decode(), "signatures": signatures}
    path.write_bytes(as_json(sealed) + b"\n")
    return path


def installer(out: Path) -> Path:
    """scripts/proforma_install as one program for Debian's python3, the same byte for byte each time."""
    package = Path(artifact.__file__).parent
    main = b"from proforma_install.__main__ import script\n\nscript()\n"
    files = {f"proforma_install/{path.name}": path.read_bytes() for path in package.glob("*.py")} | {
        "__main__.py": main
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(info, data)
    out.write_bytes(b"#!/usr/bin/python3 -I\n" + archive.getvalue())
    out.chmod(0o755)
    return out
