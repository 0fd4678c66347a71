"""A host of a rollout's: a root with releases, hooks that note what they are asked, and what kills or blocks them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.release_lib import packing
from tests.support import releases
from tests.support.releases import Host, Signer
from tests.support.tools import tool

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


@dataclass(frozen=True)
class Fleet(Host):
    """A host with hooks that note what they are asked."""

    signer: Signer
    artifacts: Path

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

    def follow(self, version: str) -> list[str]:
        (self.root.parent / "pointer").write_text(f"{version}\n")
        where: list[str | Path] = [
            "--pointer",
            self.root.parent / "pointer",
            "--artifacts",
            self.artifacts,
            "--trust",
            self.trust,
        ]
        settings = ["--python", sys.executable, "--health-seconds", "0.5", *self.hooks(*STEPS)]
        return self.command("follow", *where, *settings)

    def step(self, version: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.follow(version), capture_output=True, text=True, check=False, timeout=120)

    def end_blocked(self) -> None:
        path = self.scripts / "blocked"
        if path.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)
            path.unlink()


def prepared(folder: Path) -> Fleet:
    """1.0.0 is current; 1.1.0 lies beside it; artifacts up to 1.3.0. Copied for each test, quicker than installing."""
    tool("openssl", package="openssl")
    signer, artifacts = releases.signer(folder), folder / "artifacts"
    artifacts.mkdir()
    for version in ("1.0.0", "1.1.0", "1.2.0", "1.3.0"):
        releases.release(artifacts, version, signer)
    host = Fleet(folder / "opt", packing.installer(artifacts / "program"), signer.trust, signer, artifacts)
    for version, more in (("1.0.0", []), ("1.1.0", ["--no-switch"])):
        done = host.install(artifacts / f"proforma-{version}.tar", *more)
        assert done.returncode == 0, done.stderr
    return host


def copy(original: Fleet, folder: Path) -> Iterator[Fleet]:
    shutil.copytree(original.root, folder / "opt", symlinks=True)
    host = replace(original, root=folder / "opt")
    host.scripts.mkdir()
    (host.scripts / "hook").write_text(HOOK)
    (host.scripts / "hook").chmod(0o755)
    yield host
    host.end_blocked()


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until, f"{path.name} did not appear"
        time.sleep(0.02)


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
