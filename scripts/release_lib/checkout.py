"""What of the repository goes into a release, and what the release is called."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from scripts.proforma_install.artifact import VERSION
from scripts.release_lib.errors import CheckoutError, ReleaseError

SHIPPED = ("app/manage.py", "app/portal", "CHANGELOG.md")
LEFT_OUT = re.compile(r"app/portal/web/demo/|app/portal/web/management/commands/demo_|.*/README\.md$|.*/tests?/")
"""the rehearsal of a month needs the sandbox customer, which is never on a production host"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A clean commit. `committed`: seconds since 1970, the one time that an artifact knows."""

    root: Path
    commit: str
    committed: int
    version: str


def clean(root: Path, version: str = "") -> Checkout:
    """The commit that is checked out at `root`. Raises CheckoutError when files differ from it."""
    changes = git(root, "status", "--porcelain").splitlines()
    if changes:
        shown = ", ".join(line[3:] for line in changes[:3]) + (" ..." if len(changes) > 3 else "")
        remedy = "Commit them, or build from a fresh clone: git clone . DIR."
        raise CheckoutError("There are files that are not committed.", where=shown, remedy=remedy)
    commit, committed = git(root, "log", "-1", "--format=%H %ct").split()
    return Checkout(root, commit, int(committed), _version(root, version))


def _version(root: Path, asked: str) -> str:
    """`asked`, or pyproject's version and the number of commits, so that later commits are newer versions."""
    if not asked and git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        remedy = "Fetch the rest (git fetch --unshallow), or give --version."
        raise CheckoutError("The clone is shallow: its commits cannot be counted.", where=str(root), remedy=remedy)
    base = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    version = asked or f"{base}.{git(root, 'rev-list', '--count', 'HEAD').strip()}"
    if not VERSION.match(version):
        raise CheckoutError("That is no version.", where=version, remedy="Versions look like 1.4.0 or 1.4.0.27.")
    return version


def export(checkout: Checkout, into: Path) -> None:
    """Write the shipped files of the commit (not of the working tree) below `into`."""
    command = ["git", "-C", str(checkout.root), "archive", "--format=tar", checkout.commit, "--", *SHIPPED]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise CheckoutError(f"git archive: {done.stderr.decode().strip()}", where=str(checkout.root))
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        wanted = [m for m in tar.getmembers() if m.isreg() and not LEFT_OUT.match(m.name)]
        tar.extractall(into, members=wanted, filter="data")
    if any(path.is_symlink() for path in into.rglob("*")):
        raise CheckoutError("A release holds plain files only.", where=str(into))


def collect_static(tree: Path) -> None:
    """app/staticfiles, with hashed names, as a production host serves them. Raises ReleaseError."""
    values = {"SECRET_KEY": "none", "PSEUDONYM_KEY": "none", "DATABASE_URL": "postgres://none@localhost/none"}
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    environment |= {f"PROFORMA_{name}": value for name, value in values.items()}
    command = [sys.executable, str(tree / "app/manage.py"), "collectstatic", "--noinput", "--verbosity", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ReleaseError(f"The static files cannot be collected: {last[0]}", where="manage.py collectstatic")


def git(root: Path, *arguments: str) -> str:
    """Raises CheckoutError."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        remedy = "Build from a git checkout, as one who may read it."
        raise CheckoutError(f"git: {done.stderr.strip()}", where=str(root), remedy=remedy)
    return done.stdout
