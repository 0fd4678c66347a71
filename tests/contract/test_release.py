"""A real release of this commit: built, signed, installed from the artifact alone, and what runs from it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.release_lib import keys
from tests.support import releases
from tests.support.releases import HERE, Host, Signer
from tests.support.tools import missing, tool

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Built:
    """The command's output directory with the artifact, and the host that was given it."""

    artifact: Path
    host: Host
    clone: Path
    passphrase: Path

    def again(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return release_command(self.clone, *arguments, "--passphrase-file", self.passphrase)


def release_command(clone: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(clone), str(clone / "app")])}
    command = [sys.executable, "-m", "scripts.release_lib", *map(str, arguments)]
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """As one does it: a key, a fresh clone, one command; then the install step on a host that has only Python."""
    tool("openssl", package="openssl")
    folder = tmp_path_factory.mktemp("release")
    clone, passphrase, trust = folder / "clone", folder / "passphrase", folder / "trust"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    passphrase.write_bytes(releases.PASSPHRASE)
    passphrase.chmod(0o600)
    said = release_command(clone, "key", "--out", folder / "keys", "--passphrase-file", passphrase)
    private, public = map(Path, said.stdout.split())
    trust.mkdir(mode=0o755)
    (trust / public.name).write_bytes(public.read_bytes())
    arguments: list[str | Path] = [
        "build",
        "--version",
        "7.0.0",
        "--out",
        folder / "out",
        "--key",
        private,
        "--python",
        HERE.pythons[0],
    ]
    done = release_command(clone, *arguments, "--passphrase-file", passphrase)
    if "pip:" in done.stderr:
        missing(f"The pinned packages are not to be had: {done.stderr[:300]}", remedy="give pip an index")
    assert done.returncode == 0, done.stderr
    host = Host(folder / "opt", folder / "out/proforma-install.pyz", trust)
    installed = host.install(Path(done.stdout.strip()))
    assert installed.returncode == 0, installed.stderr
    return Built(Path(done.stdout.strip()), host, clone, passphrase)


def test_the_artifact_holds_what_production_needs_and_nothing_of_a_rehearsal(built: Built) -> None:
    with tarfile.open(built.artifact) as tar:
        names = set(tar.getnames())
        assert {(m.mtime, m.uid, m.gid, m.uname) for m in tar.getmembers()} == {(committed(built.clone), 0, 0, "")}
    assert {"VERSION", "sbom.cdx.json", "requirements.txt", "app/manage.py", "app/portal/wsgi.py"} <= names
    assert "app/staticfiles/staticfiles.json" in names
    assert [n for n in names if "sandbox" in n or "/demo" in n or "/tests/" in n or n.endswith(".pyc")] == []
    assert len([n for n in names if n.startswith("wheelhouse/pip-")]) == 1


def committed(clone: Path) -> int:
    command = ["git", "-C", str(clone), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_bill_of_materials_names_every_pinned_package(built: Built) -> None:
    bill = json.loads((built.host.root / "current/sbom.cdx.json").read_text())
    pinned = (built.clone / "app/requirements.txt").read_text().count("==")
    assert len(bill["components"]) == pinned + 1  # and pip
    assert [c["name"] for c in bill["components"] if "licenses" not in c] == []


def test_the_installed_release_passes_djangos_checks_for_deployment(built: Built) -> None:
    done = from_release(built.host, "app/manage.py", "check", "--deploy", "--fail-level", "ERROR")
    assert done.returncode == 0, done.stderr
    assert "portal." not in done.stderr, done.stderr  # the portal's own checks; Django's are waived where nginx does it


def test_static_files_are_served_under_the_hashed_names_that_pages_use(built: Built) -> None:
    ask = (
        "import django; django.setup(); from django.templatetags.static import static; print(static('web/portal.css'))"
    )
    done = from_release(built.host, "-c", ask)
    assert done.returncode == 0, done.stderr
    hashed = done.stdout.strip().removeprefix("/static/")
    assert hashed != "web/portal.css"
    assert (built.host.root / "current/app/staticfiles" / hashed).is_file()


def from_release(host: Host, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python as a service does: from the release's directory, with its environment, and settings of production."""
    values = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "PSEUDONYM_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": "postgres://x@localhost/x",
        "ALLOWED_HOSTS": "portal.example.com",
    }
    release = (host.root / "current").resolve()
    environment = {f"PROFORMA_{name}": value for name, value in values.items()} | {"PATH": "/usr/bin:/bin"}
    environment |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONPATH": str(release / "app")}
    command = [str(release / "venv/bin/python"), *(str(release / a) if a.startswith("app/") else a for a in arguments)]
    return subprocess.run(command, cwd=release / "app", env=environment, capture_output=True, text=True, check=False)


def test_the_servers_of_the_release_start_from_its_own_environment(built: Built) -> None:
    for name in ("gunicorn", "celery"):
        done = subprocess.run(
            [built.host.root / "current/venv/bin" / name, "--version"], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert built.host.run("verify-running", "--files-only").returncode == 0, "running it has changed files"


def test_the_same_commit_and_wheels_make_the_same_artifact_and_a_version_is_built_once(built: Built) -> None:
    wheels = built.artifact.parent.parent / "wheels"
    with tarfile.open(built.artifact) as tar:
        for member in tar.getmembers():
            if member.name.startswith("wheelhouse/"):
                source = tar.extractfile(member)
                wheels.mkdir(exist_ok=True)
                (wheels / Path(member.name).name).write_bytes(source.read() if source else b"")
    key = next((built.artifact.parent.parent / "keys").glob("*.key.pem"))
    common: list[str | Path] = ["--key", key, "--python", HERE.pythons[0], "--wheelhouse", wheels, "--out"]
    same = built.again("build", "--version", "7.0.0", *common, wheels.with_name("again"))
    assert same.returncode == 0, same.stderr
    assert Path(same.stdout.strip()).read_bytes() == built.artifact.read_bytes()
    assert built.again("build", "--version", "7.0.0", *common, built.artifact.parent).returncode == 70  # exists


def test_the_next_version_takes_its_place_and_rollback_brings_it_back(built: Built, tmp_path: Path) -> None:
    key = next((built.artifact.parent.parent / "keys").glob("*.key.pem"))
    by = Signer(keys.load(key, releases.PASSPHRASE), key, built.host.trust)
    following = releases.release(tmp_path, "7.0.1", by)
    check = f'{sys.executable} -c \'import os; assert os.environ["PROFORMA_VERSION"] == "7.0.1"\''
    done = built.host.install(following, "--check", check)
    assert (done.returncode, built.host.current) == (0, "7.0.1"), done.stderr
    assert built.host.run("rollback").returncode == 0
    assert built.host.current == "7.0.0"
