"""Where releases live on a host, and what must be atomic: a release appears whole, `current` changes at once.

<root>/releases/VERSION/   one release: app/, venv/, sbom.cdx.json, ..., installed.json (hashes of all of it)
<root>/current, previous   links to releases/VERSION
<root>/unfinished.json     there only between the switch and the proof that the new release is healthy
<root>/proven              versions that were healthy here, the oldest first, up to the current one
<root>/minimum             the oldest version that may still be installed
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .artifact import VERSION, order
from .errors import BusyError, UsageError
from .log import LOG


class Layout:
    """The directories below one root. Reading needs no lock; writing needs `locked`."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.releases = self.root / "releases"
        self.lock_fd: int | None = None

    @property
    def lock_fds(self) -> tuple[int, ...]:
        """To hand to a child that must keep the lock if we are killed."""
        return () if self.lock_fd is None else (self.lock_fd,)

    def release(self, version: str) -> Path:
        if not VERSION.match(version):
            raise UsageError(
                "That is no version.", where=ascii(version), remedy="Versions look like 1.4.0 or 1.4.0.27."
            )
        return self.releases / version

    def versions(self) -> list[str]:
        """Installed, oldest first."""
        found = self.releases.iterdir() if self.releases.is_dir() else iter(())
        return sorted((p.name for p in found if VERSION.match(p.name)), key=order)

    def pointed(self, link: str) -> str | None:
        """The version that `current` or `previous` names, None when there is none or it is gone."""
        try:
            version = (self.root / link).readlink().name
        except OSError:
            return None
        return version if VERSION.match(version) and self.release(version).is_dir() else None

    @property
    def current(self) -> str | None:
        return self.pointed("current")

    @property
    def previous(self) -> str | None:
        return self.pointed("previous")

    def proved(self, version: str, before: str | None) -> None:
        """`version` runs and is healthy; `before` ran until then. `previous` names the newest older one that was, too.

        Never a newer one: after going back, the next step back must not lead to what was found wanting.
        """
        path = self.root / "proven"
        known = set(path.read_text().split()) if path.is_file() else {self.previous}
        older = sorted({v for v in {*known, before} if v and order(v) < order(version)}, key=order)
        self.write("proven", "".join(f"{one}\n" for one in (*older, version)))
        self.point("previous", next((one for one in reversed(older) if self.release(one).is_dir()), None))

    def point(self, link: str, version: str | None) -> None:
        """Let `link` name `version` (None: nothing), in one step that a crash cannot halve."""
        target, fresh = self.root / link, self.root / f".{link}.new"
        if version is None:
            target.unlink(missing_ok=True)
        else:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(Path("releases") / version)
            fresh.replace(target)
        sync(self.root)

    @property
    def minimum(self) -> str:
        path = self.root / "minimum"
        text = path.read_text().strip() if path.is_file() else ""
        if text and not VERSION.match(text):
            raise UsageError(
                "The oldest allowed version cannot be read.", where=str(path), remedy="Write one version in it."
            )
        return text

    def raise_minimum(self, version: str) -> None:
        if version and order(version) > order(self.minimum or "0"):
            self.write("minimum", f"{version}\n")

    @property
    def unfinished(self) -> dict[str, str | None] | None:
        """{"to", "from"} of a switch that was not proven; None when there is none."""
        try:
            raw = json.loads((self.root / "unfinished.json").read_text())
            return {"to": raw["to"], "from": raw["from"]}
        except FileNotFoundError:
            return None

    def begin(self, to: str, before: str | None) -> None:
        self.write("unfinished.json", json.dumps({"to": to, "from": before}))

    def finish(self) -> None:
        (self.root / "unfinished.json").unlink(missing_ok=True)
        sync(self.root)

    def write(self, name: str, text: str) -> None:
        """Replace a small file so that a crash leaves the old or the new one."""
        fresh = self.root / f".{name}.new"
        with fresh.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.root / name)
        sync(self.root)

    def staging(self) -> Path:
        """A new, empty directory for a release in the making; what a killed run left is removed."""
        for left in self.root.glob(".staging-*"):
            LOG.info("removing what an interrupted run left: %s", left.name)
            shutil.rmtree(left)
        folder = self.root / f".staging-{os.getpid()}"
        folder.mkdir(mode=0o755)
        return folder

    def remove(self, version: str) -> None:
        """Out of sight at once, then deleted: a release is whole or not there."""
        gone = self.root / f".staging-gone-{version}"
        shutil.rmtree(gone, ignore_errors=True)
        self.release(version).rename(gone)
        shutil.rmtree(gone)

    @contextlib.contextmanager
    def locked(self, wait_seconds: float) -> Iterator[None]:
        """One run at a time. Raises BusyError after `wait_seconds`. Steps that a killed run started keep the lock."""
        self.releases.mkdir(parents=True, exist_ok=True, mode=0o755)
        fd = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(fd, self.root, time.monotonic() + wait_seconds)
            self.lock_fd = fd
            yield
        finally:
            self.lock_fd = None
            os.close(fd)


def _lock(fd: int, root: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                remedy = "Wait for it, or give --wait SECONDS."
                raise BusyError("Another install step is at work.", where=str(root), kept="", remedy=remedy) from None
            time.sleep(0.1)


def sync(folder: Path) -> None:
    """What was renamed in `folder` survives a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
