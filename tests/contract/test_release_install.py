"""The install step as it runs on a host: upgrades that fail, are killed, or run into a full disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.release_lib import packing
from tests.support import releases
from tests.support.releases import Host, Signer
from tests.support.tools import missing, tool

pytestmark = pytest.mark.slow

HOOK = """\
#!/usr/bin/python3 -I
# Notes its name and the release; `fail-NAME` makes it fail, `block-NAME` makes it wait to be killed.
import os, pathlib, sys, time
here, name, version = pathlib.Path(__file__).parent, sys.argv[1], os.environ["PROFORMA_VERSION"]
current = os.path.basename(os.path.realpath(os.environ["PROFORMA_ROOT"] + "/current"))
with (here / "trace").open("a") as trace:
    trace.write(f"{name} {version} {current}\\n")
if (here / f"block-{name}").exists():
    (here / f"block-{name}").unlink()
    (here / "blocked").write_text(str(os.getpid()))
    time.sleep(60)
if (here / f"fail-{name}").exists() and (here / f"fail-{name}").read_text() in ("", version):
    print("postgres://owner:hunter2@db/x refuses")
    sys.exit(3)
"""
STEPS = ("check", "backup", "migrate", "restart", "health")


class Fleet(Host):
    """A host with hooks that note what they are asked."""

    @property
    def scripts(self) -> Path:
        return self.root.parent / "hooks"

    def hooks(self, *names: str) -> list[str]:
        return [word for name in names for word in (f"--{name}", f"{self.scripts / 'hook'} {name}")]

    def let(self, what: str, only: str = "") -> None:
        (self.scripts / what).write_text(only)

    def trace(self) -> list[str]:
        path = self.scripts / "trace"
        return path.read_text().splitlines() if path.exists() else []

    def follow(self, version: str, artifacts: Path) -> list[str]:
        (self.root.parent / "pointer").write_text(f"{version}\n")
        where: list[str | Path] = [
            "--pointer",
            self.root.parent / "pointer",
            "--artifacts",
            artifacts,
            "--trust",
            self.trust,
        ]
        settings = ["--python", sys.executable, "--health-seconds", "0.5", *self.hooks(*STEPS)]
        return self.command("follow", *where, *settings)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    tool("openssl", package="openssl")
    return releases.signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
        releases.release(folder, version, signer)
    packing.installer(folder / "proforma-install.pyz")
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, artifacts: Path, signer: Signer) -> Path:
    """1.0.0 is current; 1.1.0 lies beside it. Copied for each test, which is quicker than installing."""
    host = Fleet(tmp_path_factory.mktemp("prepared") / "opt", artifacts / "proforma-install.pyz", signer.trust)
    for version, more in (("1.0.0", []), ("1.1.0", ["--no-switch"])):
        done = host.install(artifacts / f"proforma-{version}.tar", *more)
        assert done.returncode == 0, done.stderr
    return host.root


@pytest.fixture
def host(prepared: Path, artifacts: Path, signer: Signer, tmp_path: Path) -> Iterator[Fleet]:
    shutil.copytree(prepared, tmp_path / "opt", symlinks=True)
    host = Fleet(tmp_path / "opt", artifacts / "proforma-install.pyz", signer.trust)
    host.scripts.mkdir()
    (host.scripts / "hook").write_text(HOOK)
    (host.scripts / "hook").chmod(0o755)
    yield host
    end_blocked(host)


def end_blocked(host: Fleet) -> None:
    path = host.scripts / "blocked"
    if path.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGKILL)
        path.unlink()


def step(host: Fleet, version: str, artifacts: Path) -> subprocess.CompletedProcess[str]:
    command = host.follow(version, artifacts)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_release_runs_in_an_environment_of_its_own_and_the_host_needs_no_pip(host: Fleet) -> None:
    command = host.root / "releases/1.1.0/venv/bin/stand-in"
    assert command.read_text().splitlines()[0].endswith("/opt/releases/1.1.0/venv/bin/python")
    assert "staging" not in (host.root / "releases/1.1.0/venv/pyvenv.cfg").read_text()
    assert not list(host.root.rglob("wheelhouse"))
    assert host.run("verify-running", "--files-only").returncode == 0


def test_a_service_that_was_started_through_current_keeps_to_its_release_after_the_switch(
    artifacts: Path, signer: Signer, tmp_path: Path
) -> None:
    host = Host(tmp_path / "opt", artifacts / "proforma-install.pyz", signer.trust)
    assert host.install(artifacts / "proforma-1.0.0.tar").returncode == 0
    done = subprocess.run([host.root / "current/venv/bin/stand-in", "path"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(host.root / "releases/1.0.0/venv/"))


def test_an_upgrade_checks_backs_up_and_migrates_before_it_switches(host: Fleet, artifacts: Path) -> None:
    done = step(host, "1.1.0", artifacts)
    assert done.returncode == 0, done.stderr
    assert host.trace() == [
        "check 1.1.0 1.0.0",
        "backup 1.1.0 1.0.0",
        "migrate 1.1.0 1.0.0",
        "restart 1.1.0 1.1.0",
        "health 1.1.0 1.1.0",
    ]
    assert step(host, "1.1.0", artifacts).returncode == 0
    assert len(host.trace()) == 5  # a second run has nothing to do


@pytest.mark.parametrize("failing", ["check", "backup", "migrate"])
def test_a_step_that_fails_before_the_switch_stops_the_upgrade(failing: str, host: Fleet, artifacts: Path) -> None:
    host.let(f"fail-{failing}")
    done = step(host, "1.1.0", artifacts)
    assert (done.returncode, host.current) == (70, "1.0.0")
    assert host.trace()[-1].startswith(failing)
    assert f"The {failing} for 1.1.0 failed" in done.stderr
    assert "hunter2" not in done.stderr + (host.root / "log/install.log").read_text()


@pytest.mark.parametrize("failing", ["restart", "health"])
def test_a_release_that_is_not_healthy_is_rolled_back(failing: str, host: Fleet, artifacts: Path) -> None:
    host.let(f"fail-{failing}", only="1.1.0")
    done = step(host, "1.1.0", artifacts)
    assert (done.returncode, host.current) == (76, "1.0.0")
    assert "1.0.0 is current again and healthy" in done.stderr
    assert host.trace()[-2:] == ["restart 1.0.0 1.0.0", "health 1.0.0 1.0.0"]


def test_when_neither_release_is_healthy_it_says_so(host: Fleet, artifacts: Path) -> None:
    host.let("fail-health")
    done = step(host, "1.1.0", artifacts)
    assert (done.returncode, host.current) == (76, "1.0.0")
    assert "not healthy either" in done.stderr


@pytest.mark.parametrize("where", STEPS)
def test_killed_at_any_step_the_old_release_stands_and_a_second_run_finishes(
    where: str, host: Fleet, artifacts: Path
) -> None:
    host.let(f"block-{where}")
    process = subprocess.Popen(host.follow("1.1.0", artifacts), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    process.kill()
    process.wait()
    if where in ("check", "backup", "migrate"):
        assert host.current == "1.0.0"
        assert step(host, "1.1.0", artifacts).returncode == 75, "what the killed run started still holds the lock"
    else:
        assert host.run("verify-running", "--files-only").returncode == 78  # switched, but not proven
    end_blocked(host)
    done = step(host, "1.1.0", artifacts)
    assert (done.returncode, host.current) == (0, "1.1.0"), done.stderr
    assert host.run("verify-running", "--files-only").returncode == 0


@pytest.mark.parametrize("after", [0.1, 0.4, 0.8, 1.2])
def test_killed_while_it_unpacks_or_installs_nothing_is_seen_and_a_second_run_finishes(
    after: float, host: Fleet, artifacts: Path
) -> None:
    process = subprocess.Popen(host.follow("1.2.0", artifacts), stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)  # as when the machine loses power
    process.wait()
    assert host.current == "1.0.0"
    done = step(host, "1.2.0", artifacts)
    assert (done.returncode, host.current) == (0, "1.2.0"), done.stderr
    assert not list(host.root.glob(".staging*"))


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until, f"{path.name} did not appear"
        time.sleep(0.02)


def test_asked_to_end_between_switch_and_proof_it_goes_back(host: Fleet, artifacts: Path) -> None:
    host.let("block-health")
    process = subprocess.Popen(host.follow("1.1.0", artifacts), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    process.terminate()
    assert (process.wait(30), host.current) == (76, "1.0.0")


def test_two_runs_at_once_are_one_after_the_other(host: Fleet, artifacts: Path) -> None:
    host.let("block-check")
    first = subprocess.Popen(host.follow("1.1.0", artifacts), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    assert step(host, "1.1.0", artifacts).returncode == 75
    waiting = host.follow("1.1.0", artifacts)
    waiting[waiting.index("follow") : waiting.index("follow")] = ["--wait", "30"]
    second = subprocess.Popen(waiting, stderr=subprocess.DEVNULL)
    end_blocked(host)  # the first one's check has failed
    assert (first.wait(30), second.wait(30), host.current) == (70, 0, "1.1.0")


def test_rollback_goes_to_the_release_before_without_a_migration(host: Fleet, artifacts: Path) -> None:
    assert step(host, "1.1.0", artifacts).returncode == 0
    done = host.run("rollback", *host.hooks("check", "restart", "health"))
    assert (done.returncode, host.current) == (0, "1.0.0"), done.stderr
    assert host.trace()[5:] == ["check 1.0.0 1.1.0", "restart 1.0.0 1.0.0", "health 1.0.0 1.0.0"]
    assert host.run("rollback").returncode == 0
    assert host.current == "1.1.0"


def test_a_pointer_that_is_moved_back_is_followed_back(host: Fleet, artifacts: Path) -> None:
    assert step(host, "1.1.0", artifacts).returncode == 0
    assert step(host, "1.0.0", artifacts).returncode == 0
    assert host.current == "1.0.0"
    assert [line.split()[0] for line in host.trace()[5:]] == ["check", "restart", "health"]


@pytest.mark.parametrize("text", ["", "latest", "../1.1.0", "1.1.0\n1.0.0"])
def test_a_pointer_that_names_no_version_moves_nothing(text: str, host: Fleet, artifacts: Path) -> None:
    assert step(host, text, artifacts).returncode == 64
    assert host.current == "1.0.0"


def test_an_older_artifact_is_refused_and_so_is_one_below_the_minimum(
    host: Fleet, artifacts: Path, signer: Signer, tmp_path: Path
) -> None:
    old = releases.release(tmp_path, "0.9.0", signer)
    done = host.install(old)
    assert (done.returncode, host.current) == (65, "1.0.0")
    assert "older than the current release 1.0.0" in done.stderr
    careful = releases.release(tmp_path, "2.0.0", signer, minimum="1.1.0")
    assert host.install(careful).returncode == 0
    done = host.run("rollback", "--to", "1.0.0")
    assert (done.returncode, host.current) == (65, "2.0.0")
    assert "older than this host allows" in done.stderr


def test_a_version_never_changes_its_content(host: Fleet, signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    other = releases.release(tmp_path / "new", "1.1.0", signer, claims={"manifest_sha256": "0" * 64})
    done = host.install(other)
    assert (done.returncode, host.current) == (65, "1.0.0")


def test_an_altered_artifact_leaves_no_trace_on_the_host(host: Fleet, artifacts: Path, tmp_path: Path) -> None:
    for name in ("proforma-1.3.0.tar", "proforma-1.3.0.tar.sig"):
        shutil.copyfile(artifacts / name, tmp_path / name)
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
    claims: dict[str, object], says: str, host: Fleet, signer: Signer, tmp_path: Path
) -> None:
    other = releases.release(tmp_path, "1.4.0", signer, claims=claims)
    done = host.install(other)
    assert (done.returncode in (65, 69, 73), says in done.stderr, host.current) == (True, True, "1.0.0"), done.stderr


@pytest.mark.parametrize(("size", "during"), [("1m", "unpacking"), ("8m", "Installing the wheels")])
def test_a_disk_that_fills_up_leaves_nothing_half_made(size: str, during: str, signer: Signer, tmp_path: Path) -> None:
    """A small file system in a name space of its own; the release says it needs less than it does."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        missing("A small file system cannot be mounted.", remedy="run as root")
    artifact = releases.release(tmp_path, "1.0.0", signer, padding=20 << 20, claims={"installed_bytes": 1})
    host = Host(tmp_path / "opt", packing.installer(tmp_path / "program"), signer.trust)
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


def test_prune_keeps_what_is_current_what_was_before_and_what_still_runs(host: Fleet, artifacts: Path) -> None:
    for version in ("1.2.0", "1.3.0"):
        assert host.install(artifacts / f"proforma-{version}.tar", "--keep", "9").returncode == 0
    with run_from(host, "1.0.0"):
        assert host.run("prune", "--keep", "1").stdout == "removed: 1.1.0\n"
    assert host.run("prune", "--keep", "1").stdout == "removed: 1.0.0\n"
    assert [line.split()[:2] for line in host.run("list").stdout.splitlines()] == [
        ["1.2.0", "previous"],
        ["1.3.0", "current"],
    ]


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


class run_from:  # noqa: N801  reads like a phrase
    """A process whose working directory is a release's, as a service's is."""

    def __init__(self, host: Fleet, version: str) -> None:
        folder = host.root / "releases" / version / "app"
        command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE)
        assert self.process.stdout
        self.process.stdout.readline()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
