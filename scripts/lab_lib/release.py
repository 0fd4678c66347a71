"""A signed release of the commit that is checked out, as hosts get it in production. Built once, kept in the cache."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.host_lib import locks
from scripts.lab_lib.errors import LabError
from scripts.lab_lib.places import ROOT, Lab
from scripts.release_lib import checkout, wheels

PYTHON = "3.13"
LISTS = ("app/requirements.txt", "app/requirements-install.txt")
PATIENCE = 600.0


def ensure(lab: Lab, *, version: str = "") -> tuple[str, bool]:
    """The version of HEAD, in the lab's artifacts, and whether the working tree differs from it. Raises LabError.

    `version`: another one for the same commit, for a rollout in the middle of something.
    """
    kept = _kept(lab, version)
    with locks.held(kept.with_suffix(".lock"), PATIENCE):
        if not kept.exists():
            _build(lab, kept, version)
    _bring(lab, kept)
    found = next(kept.glob("proforma-*.tar"))
    return found.stem.removeprefix("proforma-"), bool(checkout.git(ROOT, "status", "--porcelain").strip())


def cached(lab: Lab) -> bool:
    """Whether the commit was built before."""
    return _kept(lab).exists()


def _kept(lab: Lab, version: str = "") -> Path:
    commit = checkout.git(ROOT, "rev-parse", "HEAD").strip()
    return lab.private(lab.cache / "releases") / (f"{commit}-{version}" if version else commit)


def _build(lab: Lab, kept: Path, version: str) -> None:
    """In a clone of its own: the working tree may hold anything."""
    key, passphrase = _key(lab)
    wheelhouse = _wheelhouse(lab)
    with tempfile.TemporaryDirectory(prefix="proforma-lab-", dir=lab.cache) as scratch:
        clone, made = Path(scratch) / "clone", Path(scratch) / "made"
        _run("git", "clone", "--quiet", "--shared", str(ROOT), str(clone))
        options = ["--key", str(key), "--passphrase-file", str(passphrase), "--wheelhouse", str(wheelhouse)]
        options += ["--python", PYTHON, "--out", str(made), *(("--version", version) if version else ())]
        environment = {"PYTHONPATH": f"{clone}:{clone / 'app'}"}
        _run(sys.executable, "-m", "scripts.release_lib", "build", *options, at=clone, environment=environment)
        made.rename(kept)


def _key(lab: Lab) -> tuple[Path, Path]:
    """The lab's signing key and the file of its passphrase; no host outside of a lab trusts it."""
    folder = lab.private(lab.cache / "signing")
    passphrase = folder / "passphrase"
    with locks.held(folder / "lock", PATIENCE):
        if not list(folder.glob("*.key.pem")):
            passphrase.touch(mode=0o600)
            passphrase.write_text(f"{secrets.token_urlsafe(32)}\n")
            at = {"PYTHONPATH": f"{ROOT}:{ROOT / 'app'}"}
            given = ("--out", str(folder), "--passphrase-file", str(passphrase))
            _run(sys.executable, "-m", "scripts.release_lib", "key", *given, environment=at, at=Path("/"))
    return next(folder.glob("*.key.pem")), passphrase


def _wheelhouse(lab: Lab) -> Path:
    lists = [ROOT / name for name in LISTS]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in lists) + PYTHON.encode()).hexdigest()[:12]
    kept = lab.cache / f"wheels-{key}"
    with locks.held(lab.cache / f"wheels-{key}.lock", PATIENCE):
        if not kept.exists():
            aside = kept.with_suffix(".new")
            shutil.rmtree(aside, ignore_errors=True)
            wheels.fetch(lists, wheels.Target((PYTHON,), platform.machine()), aside)
            aside.rename(kept)
    return kept


def _bring(lab: Lab, kept: Path) -> None:
    """Artifacts and the public key into the lab's state, where the inventory looks for them."""
    artifacts, trusted = lab.private(lab.state / "artifacts"), lab.private(lab.state / "release-keys")
    for path in kept.glob("proforma-*.tar*"):
        target = artifacts / path.name
        if not target.exists():
            os.link(path, target) if path.stat().st_dev == artifacts.stat().st_dev else shutil.copyfile(path, target)
    for path in (lab.cache / "signing").glob("*.pub.pem"):
        shutil.copyfile(path, trusted / path.name)


def _run(*command: str, at: Path | None = None, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=at, env=os.environ | (environment or {}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        remedy = "./scripts/setup brings .venv up to date; docs/releases.md says what a build needs."
        raise LabError(f"It failed:\n{end}", where=" ".join(command[:4]), remedy=remedy)
