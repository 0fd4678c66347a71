"""Small signed releases, with a stand-in for Django and the real pip, so that installing one takes a second or two."""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.proforma_install import artifact
from scripts.release_lib import keys, packing
from scripts.release_lib.wheels import Target
from tests.support.tools import missing

PASSPHRASE = b"five random words of a test"
HERE = Target((f"{sys.version_info[0]}.{sys.version_info[1]}",), platform.machine())
COMMITTED = 1_790_000_000


@dataclass(frozen=True)
class Signer:
    """A key of the operator's, and the directory in which a host trusts it."""

    key: Ed25519PrivateKey
    private: Path
    trust: Path


def signer(folder: Path) -> Signer:
    private, public = keys.create(folder / "keys", PASSPHRASE)
    trust = folder / "trust"
    trust.mkdir(exist_ok=True, mode=0o755)
    (trust / public.name).write_bytes(public.read_bytes())
    return Signer(keys.load(private, PASSPHRASE), private, trust)


def pip_wheel() -> Path:
    """The one that comes with Python, so that no test of the install step needs an index."""
    places = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
    found = [path for place in places for path in place.glob("pip-*.whl")]
    if not found:
        missing("Python's own pip wheel is not there.", remedy="apt-get install --no-install-recommends python3-venv")
    return found[0]


def stand_in(folder: Path, version: str, padding: int = 0) -> Path:
    """A wheel named django, with one module and one command; unpacked it is larger by `padding` bytes."""
    info = f"django-{version}.dist-info"
    files = {
        "django/__init__.py": f"VERSION = {version!r}\n\n\ndef main():\n    print(__file__)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: django\nVersion: {version}\nLicense: BSD\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "django/padding.txt": "." * padding,
        f"{info}/entry_points.txt": "[console_scripts]\nstand-in = django:main\n",
    }
    path = folder / f"django-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, text in files.items():
            wheel.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD"), "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD")))
    return path


def tree(folder: Path, version: str, padding: int = 0) -> Path:
    """What a release holds, below the new directory `folder`."""
    (folder / "app/portal").mkdir(parents=True)
    (folder / "wheelhouse").mkdir()
    (folder / "app/portal/__init__.py").write_text(f'"""The portal of {version}."""\n')
    (folder / "app/manage.py").write_text("#!/usr/bin/env python\n")
    (folder / "VERSION").write_text(f"{version}\n")
    wheel = stand_in(folder / "wheelhouse", version, padding)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"django=={version} --hash=sha256:{digest}\n")
    (folder / "wheelhouse" / pip_wheel().name).write_bytes(pip_wheel().read_bytes())
    return folder


def release(
    folder: Path,
    version: str,
    by: Signer,
    *,
    minimum: str = "",
    padding: int = 0,
    claims: Mapping[str, object] | None = None,
) -> Path:
    """proforma-VERSION.tar and its signature in `folder`; `claims` replace what the statement would say."""
    files = tree(folder / f"tree-{version}", version, padding)
    path = folder / f"proforma-{version}.tar"
    about = packing.About(version, "0" * 40, COMMITTED, HERE, minimum)
    statement = packing.as_json(json.loads(packing.pack(files, path, about)) | dict(claims or {}))
    packing.seal(path, statement, [by.key])
    return path


def stated_of(path: Path) -> dict[str, object]:
    sealed = json.loads(path.with_name(path.name + artifact.SUFFIX).read_bytes())
    stated: dict[str, object] = json.loads(base64.b64decode(sealed["statement"]))
    return stated


@dataclass(frozen=True)
class Host:
    """One machine: a root, the install step as it is shipped, and what the host trusts."""

    root: Path
    program: Path
    trust: Path

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-I", str(self.program), "--root", str(self.root), *map(str, arguments)]

    def run(
        self, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = self.command(*arguments)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)

    def install(self, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("install", "--artifact", path, "--trust", self.trust, "--python", sys.executable, *arguments)

    @property
    def current(self) -> str | None:
        link = self.root / "current"
        return link.readlink().name if link.is_symlink() else None
