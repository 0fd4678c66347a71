"""What the install step accepts on a host, what it refuses, and what it leaves behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import releases
from tests.support.release_host import Fleet, copy, prepared, run_from
from tests.support.releases import Host
from tests.support.tools import missing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return prepared(tmp_path_factory.mktemp("host"))


@pytest.fixture
def host(original: Fleet, tmp_path: Path) -> Iterator[Fleet]:
    yield from copy(original, tmp_path)


def test_a_release_runs_in_an_environment_of_its_own_and_the_host_needs_no_pip(host: Fleet) -> None:
    command = host.root / "releases/1.1.0/venv/bin/stand-in"
    assert command.read_text().splitlines()[0].endswith("/opt/releases/1.1.0/venv/bin/python")
    assert "staging" not in (host.root / "releases/1.1.0/venv/pyvenv.cfg").read_text()
    assert not list(host.root.rglob("wheelhouse"))
    assert host.run("verify-running", "--files-only").returncode == 0


def test_a_service_that_was_started_through_current_keeps_to_its_release_after_the_switch(
    original: Fleet,
) -> None:
    done = subprocess.run([original.root / "current/venv/bin/stand-in"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(original.root / "releases/1.0.0/venv/"))


def test_an_older_artifact_is_refused_and_so_is_one_below_the_minimum(host: Fleet, tmp_path: Path) -> None:
    old = releases.release(tmp_path, "0.9.0", host.signer)
    done = host.install(old)
    assert (done.returncode, host.current) == (65, "1.0.0")
    assert "older than the current release 1.0.0" in done.stderr
    careful = releases.release(tmp_path, "2.0.0", host.signer, minimum="1.1.0")
    assert host.install(careful).returncode == 0
    done = host.run("rollback", "--to", "1.0.0")
    assert (done.returncode, host.current) == (65, "2.0.0")
    assert "older than this host allows" in done.stderr


def test_a_version_never_changes_its_content(host: Fleet, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    other = releases.release(tmp_path / "new", "1.1.0", host.signer, claims={"manifest_sha256": "0" * 64})
    done = host.install(other)
    assert (done.returncode, host.current) == (65, "1.0.0")


def test_an_altered_artifact_leaves_no_trace_on_the_host(host: Fleet, tmp_path: Path) -> None:
    for name in ("proforma-1.3.0.tar", "proforma-1.3.0.tar.sig"):
        shutil.copyfile(host.artifacts / name, tmp_path / name)
    with (tmp_path / "proforma-1.3.0.tar").open("r+b") as file:
        file.seek(-3000, os.SEEK_END)
        file.write(b"!")
    before = sorted(host.root.rglob("*"))
    assert host.install(tmp_path / "proforma-1.3.0.tar").returncode == 65
    assert sorted(p for p in host.root.rglob("*") if "log" not in p.parts) == [
        p for p in before if "log" not in p.parts
    ]


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"pythons": ["3.99"]}, "This host has Python 3."),
        ({"machine": "s390x"}, "s390x"),
        ({"glibc": "9.9"}, "C library"),
        ({"installed_bytes": 1 << 60}, "too little space"),
        ({"format": 2}, "does not know"),
    ],
)
def test_a_release_for_other_hosts_is_refused(
    claims: dict[str, object], says: str, host: Fleet, tmp_path: Path
) -> None:
    other = releases.release(tmp_path, "1.4.0", host.signer, claims=claims)
    done = host.install(other)
    assert (done.returncode in (65, 69, 73), says in done.stderr, host.current) == (True, True, "1.0.0"), done.stderr


@pytest.mark.parametrize(("size", "during"), [("1m", "unpacking"), ("8m", "Installing the wheels")])
def test_a_disk_that_fills_up_leaves_nothing_half_made(size: str, during: str, original: Fleet, tmp_path: Path) -> None:
    """A small file system in a name space of its own; the release says it needs less than it does."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        missing("A small file system cannot be mounted.", remedy="run as root")
    artifact = releases.release(tmp_path, "1.0.0", original.signer, padding=20 << 20, claims={"installed_bytes": 1})
    host = Host(tmp_path / "opt", original.program, original.trust)
    host.root.mkdir()
    install = host.command("install", "--artifact", artifact, "--trust", host.trust, "--python", sys.executable)
    script = (
        f'mount -t tmpfs -o size={size} tmpfs "$1" && shift && {{ "$@"; echo "code $?"; ls -A "$0"/releases "$0"; }}'
    )
    command = ["unshare", "-m", "sh", "-c", script, str(host.root), str(host.root), *install]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "code 73" in done.stdout, done.stdout + done.stderr
    assert "The disk is full" in done.stderr
    assert (during.lower() in done.stderr) is (during != "unpacking")
    assert "current" not in done.stdout
    assert ".staging" not in done.stdout


def test_prune_keeps_what_is_current_what_was_before_and_what_still_runs(host: Fleet) -> None:
    for version in ("1.2.0", "1.3.0"):
        assert host.install(host.artifacts / f"proforma-{version}.tar", "--keep", "9").returncode == 0
    with run_from(host, "1.0.0"):
        assert host.run("prune", "--keep", "1").stdout == "removed: 1.1.0\n"
    assert host.run("prune", "--keep", "1").stdout == "removed: 1.0.0\n"
    assert [line.split()[:2] for line in host.run("list").stdout.splitlines()] == [
        ["1.2.0", "previous"],
        ["1.3.0", "current"],
    ]


def test_verify_running_tells_when_another_release_is_current_than_was_asked_for(host: Fleet) -> None:
    assert host.run("verify-running", "--files-only", "--version", "1.0.0").returncode == 0
    done = host.run("verify-running", "--files-only", "--version", "1.1.0")
    assert (done.returncode, "1.0.0 is current, and not 1.1.0" in done.stderr) == (78, True)


def test_verify_running_tells_of_altered_files_and_of_processes_of_another_release(host: Fleet) -> None:
    assert host.run("verify-running").returncode == 78  # nothing runs
    with run_from(host, "1.0.0"):
        assert host.run("verify-running").returncode == 0
        with run_from(host, "1.1.0"):
            done = host.run("verify-running")
            assert (done.returncode, "another release" in done.stderr) == (78, True)
        module = next((host.root / "current/venv").rglob("django/__init__.py"))
        module.write_text("VERSION = 'altered'\n")
        done = host.run("verify-running")
        assert (done.returncode, "django/__init__.py" in done.stderr) == (78, True)
