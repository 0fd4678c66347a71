"""Is what is installed what was released, and is what runs what is installed?"""

from __future__ import annotations

import json
import os
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from .building import RECORD, hashes
from .errors import AbsentError, DamagedError
from .layout import Layout


def recorded(layout: Layout, version: str) -> dict[str, Any]:
    """installed.json of a release. Raises AbsentError, DamagedError."""
    folder = layout.release(version)
    if not folder.is_dir():
        there = ", ".join(layout.versions()) or "none"
        raise AbsentError(f"Release {version} is not installed.", where=str(folder), remedy=f"Installed: {there}.")
    try:
        raw: dict[str, Any] = json.loads((folder / RECORD).read_text())
        return raw | {"files": dict(raw["files"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "Install it again from its artifact."
        raise DamagedError("The record of a release is damaged.", where=str(folder / RECORD), remedy=remedy) from error


def changed(layout: Layout, version: str) -> list[str]:
    """Files of a release that were altered, added or removed since it was installed."""
    expected, found = recorded(layout, version)["files"], dict(hashes(layout.release(version)))
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def whole(layout: Layout, version: str) -> bool:
    """Whether that release is installed and as it was then."""
    try:
        return not changed(layout, version)
    except (AbsentError, DamagedError):
        return False


def intact(layout: Layout, version: str) -> None:
    """Raises DamagedError that names the first files that differ."""
    names = changed(layout, version)
    if names:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        remedy = "Find out who changed them. Roll back or install a newer release; then this one can be built anew."
        raise DamagedError(f"Release {version} is not as it was installed.", where=shown, kept="", remedy=remedy)


def processes(layout: Layout) -> dict[str, list[int]]:
    """Process ids by the version they run, as far as we may look: by working directory and loaded libraries."""
    pattern = re.compile(re.escape(str(layout.releases.resolve())) + r"/([\d.]+)(?:/| |$)")
    found: dict[str, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            for version in sorted(set(pattern.findall(_traces(folder)))):
                found[version].append(int(folder.name))
    return dict(found)


def _traces(folder: Path) -> str:
    try:
        maps = "\n".join(line[-300:] for line in (folder / "maps").read_text(errors="replace").splitlines())
        return f"{(folder / 'cwd').readlink()}\n{maps}"
    except OSError:
        return ""  # ended meanwhile, or another user's


def only(layout: Layout, version: str, seconds: float) -> None:
    """Processes of this release run, and of no other. Raises DamagedError after `seconds`: old workers may finish."""
    until = time.monotonic() + seconds
    while set(found := processes(layout)) != {version}:
        if time.monotonic() >= until:
            raise DamagedError(_finding(found, version), kept="", remedy="Restart its services, then look again.")
        time.sleep(0.25)


def _finding(found: dict[str, list[int]], version: str) -> str:
    if version not in found:
        return f"No process runs {version}."
    others = "; ".join(f"{old}: {', '.join(map(str, pids))}" for old, pids in sorted(found.items()) if old != version)
    return f"Processes of another release than {version} still run ({others})."
