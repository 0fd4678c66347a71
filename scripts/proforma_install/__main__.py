"""proforma-install: the commands."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from . import log, rollout, running
from .artifact import order
from .errors import AbsentError, DamagedError, InstallError, from_os
from .hooks import Hooks
from .layout import Layout
from .log import LOG
from .options import parser


def install(given: Namespace, layout: Layout) -> None:
    with layout.locked(given.wait):
        rollout.settle(layout)
        _install(given, layout, given.artifact, switch=not given.no_switch)


def follow(given: Namespace, layout: Layout) -> None:
    """The pointer decides: forward by an artifact, back by what is installed, and nothing when it is current."""
    with layout.locked(given.wait):
        version = _pointed(given.pointer)  # as it is now, and not as it was before another run ended
        rollout.settle(layout)
        if layout.current == version:
            running.intact(layout, version)
            LOG.info("%s is current already", version)
        elif running.whole(layout, version):
            _again(given, layout, version)
        else:
            _install(given, layout, given.artifacts / f"proforma-{version}.tar", switch=True)


def _pointed(pointer: Path) -> str:
    try:
        return pointer.read_text().strip()
    except FileNotFoundError as error:
        remedy = "Write the version that is to be current into it."
        raise AbsentError("There is no pointer.", where=str(pointer), remedy=remedy) from error


def _again(given: Namespace, layout: Layout, version: str) -> None:
    """Installed already: baked into the image, left by an interrupted run, or older and named by the pointer again."""
    older = layout.current is not None and order(version) < order(layout.current)
    rollout.not_too_old(layout, version, older=True)
    rollout.activate(layout, version, _hooks(given, back=older))


def _install(given: Namespace, layout: Layout, artifact: Path, *, switch: bool) -> None:
    stated = rollout.prepare(layout, artifact, given.trust, given.python, older=given.allow_older)
    if not switch:
        LOG.info("%s is in place; nothing was switched", stated.version)
    elif layout.current == stated.version:
        LOG.info("%s is current already", stated.version)
    else:
        rollout.activate(layout, stated.version, _hooks(given))
        rollout.prune(layout, given.keep)


def _hooks(given: Namespace, *, back: bool = False) -> Hooks:
    """`back`: to older code, which has no migration and needs no backup."""
    return Hooks(
        check=given.check,
        backup="" if back else given.backup,
        migrate="" if back else given.migrate,
        restart=given.restart,
        health=given.health,
        health_host=given.health_host,
        seconds=given.hook_seconds,
        health_seconds=given.health_seconds,
        running=given.running,
    )


def rollback(given: Namespace, layout: Layout) -> None:
    with layout.locked(given.wait):
        rollout.settle(layout)
        rollout.rollback(layout, given.to, _hooks(given, back=True))


def verify(given: Namespace, _layout: Layout) -> None:
    stated, files = rollout.verify(given.artifact, given.trust)
    _tell(f"{stated.version} (commit {stated.commit}), {files} files, all as signed by {', '.join(stated.signers)}.")


def verify_running(given: Namespace, layout: Layout) -> None:
    version = layout.current
    if version is None:
        raise AbsentError("No release is current.", where=str(layout.root), kept="", remedy="Install one.")
    if given.version not in (None, version):
        remedy = "Make it current by the install step, or ask for another one."
        raise DamagedError(f"{version} is current, and not {given.version}.", kept="", remedy=remedy)
    if layout.unfinished:
        remedy = "Run the install step again: it finishes or takes it back."
        raise DamagedError(f"The switch to {version} was interrupted.", kept="", remedy=remedy)
    running.intact(layout, version)
    if not given.files_only:
        running.only(layout, version, 0)
    _tell(f"{version} is current and as it was installed" + ("." if given.files_only else ", and nothing else runs."))


def list_(given: Namespace, layout: Layout) -> None:
    """current, previous and unfinished as marks; one release a line."""
    marks = {layout.previous: "previous", layout.current: "current"}
    rows = [
        {"version": v, "mark": marks.get(v, ""), "commit": running.recorded(layout, v)["commit"]}
        for v in layout.versions()
    ]
    if given.json:
        _tell(json.dumps({"releases": rows, "minimum": layout.minimum, "unfinished": layout.unfinished}, indent=1))
        return
    for row in rows:
        _tell(f"{row['version']:<16} {row['mark']:<9} {row['commit']}")
    if layout.unfinished:
        _tell(f"The switch to {layout.unfinished['to']} was interrupted: run the install step again.")


def prune(given: Namespace, layout: Layout) -> None:
    with layout.locked(given.wait):
        rollout.settle(layout)
        _tell("removed: " + (", ".join(rollout.prune(layout, given.keep)) or "nothing"))


COMMANDS: dict[str, Callable[[Namespace, Layout], None]] = {
    "install": install,
    "follow": follow,
    "rollback": rollback,
    "verify": verify,
    "verify-running": verify_running,
    "list": list_,
    "prune": prune,
}


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(arguments)
    log.start(None)
    try:
        if given.command in ("install", "follow"):
            given.root.mkdir(parents=True, exist_ok=True, mode=0o755)
        log.start(given.root if os.access(given.root, os.W_OK) else None)
        COMMANDS[given.command](given, Layout(given.root))
        return 0
    except OSError as error:
        failure = from_os(error)
    except InstallError as error:
        failure = error
    LOG.error("%s", failure)
    return failure.exit_code


def script() -> None:
    """As a program: a polite end (SIGTERM) is treated like Ctrl-C, so that an unproven release is taken back."""
    os.umask(0o022)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    script()
