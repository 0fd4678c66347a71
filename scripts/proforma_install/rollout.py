"""What happens to a host: install, activate, go back, tidy up. Each can be killed at any point and run again."""

from __future__ import annotations

from pathlib import Path

from . import artifact, building, running, trust
from .artifact import Statement, order
from .errors import AbsentError, DamagedError, InstallError, RefusedError, RolledBackError, StoppedError
from .hooks import HookError, Hooks, healthy, run
from .layout import Layout
from .log import LOG


def settle(layout: Layout) -> None:
    """A switch that was never proven healthy is taken back, so that every run begins from a release that was."""
    begun = layout.unfinished
    if begun is None:
        return
    if begun["to"] is not None and layout.current == begun["to"]:
        LOG.warning("an interrupted run had switched to %s unproven: back to %s", begun["to"], begun["from"])
        layout.point("current", begun["from"])
    layout.finish()


def verify(path: Path, trusted: Path) -> tuple[Statement, int]:
    """The artifact's statement and its number of files, after every check that needs no host. Raises InstallError."""
    stated = artifact.statement(path, trust.keys(trusted))
    with path.open("rb") as file:
        return stated, len(artifact.verified(file, stated))


def prepare(layout: Layout, path: Path, trusted: Path, python: str, *, older: bool) -> Statement:
    """The artifact, verified and in releases/VERSION. Raises InstallError; nothing that runs has changed."""
    stated = artifact.statement(path, trust.keys(trusted))
    LOG.info("%s states %s, signed by %s", path.name, stated.version, ", ".join(stated.signers))
    not_too_old(layout, stated.version, older=older)
    building.fits_host(stated, python)
    with path.open("rb") as file:
        members = artifact.verified(file, stated)
        if not _there(layout, stated):
            building.room_for(stated, layout)
            building.build(file, stated, members, layout, python)
    return stated


def not_too_old(layout: Layout, version: str, *, older: bool) -> None:
    """Raises RefusedError: whoever can swap artifacts must not bring back one with a known hole."""
    floor = layout.minimum
    if floor and order(version) < order(floor):
        remedy = f"Take {floor} or newer; {layout.root / 'minimum'} says so."
        raise RefusedError(f"{version} is older than this host allows.", remedy=remedy)
    if layout.current and order(version) < order(layout.current) and not older:
        remedy = "Use `rollback` to go back, or give --allow-older."
        raise RefusedError(f"{version} is older than the current release {layout.current}.", remedy=remedy)


def _there(layout: Layout, stated: Statement) -> bool:
    """Whether that very release is installed and intact. A damaged one that nobody runs is removed."""
    if not layout.release(stated.version).exists():
        return False
    whole = running.whole(layout, stated.version)
    if whole and running.recorded(layout, stated.version)["manifest_sha256"] != stated.manifest_sha256:
        remedy = "Build the new one with a version of its own."
        raise RefusedError(f"{stated.version} is installed already, with other content.", remedy=remedy)
    if whole:
        return True
    if stated.version == layout.current:
        running.intact(layout, stated.version)
    LOG.warning("%s is not as it was installed: building it anew", stated.version)
    layout.remove(stated.version)
    return False


def activate(layout: Layout, version: str, hooks: Hooks) -> None:
    """Check, back up, migrate, switch, restart, prove; back to the one before if not proven. Raises InstallError."""
    before = layout.current
    _before_switch(layout, version, hooks)
    layout.begin(version, before)
    try:
        layout.point("current", version)
        _prove(layout, version, hooks)
    except (HookError, DamagedError, OSError, KeyboardInterrupt) as error:
        raise _back(layout, version, before, hooks, error) from error
    layout.proved(version, before)
    layout.raise_minimum(running.recorded(layout, version)["minimum"])
    layout.finish()
    LOG.info("%s is current; before it was %s", version, before or "nothing")


def _before_switch(layout: Layout, version: str, hooks: Hooks) -> None:
    """What must succeed while the old one still serves. Backup first: a migration without one cannot be taken back."""
    for name, command in (("check", hooks.check), ("backup", hooks.backup), ("migrate", hooks.migrate)):
        try:
            run(name, command, layout, version, hooks.seconds)
        except HookError as error:
            remedy = "The lines above say why. Mend it and run this again."
            raise StoppedError(
                f"The {name} for {version} failed: {error}. The upgrade is stopped.", remedy=remedy
            ) from error


def _prove(layout: Layout, version: str, hooks: Hooks) -> None:
    run("restart", hooks.restart, layout, version, hooks.seconds, locked=False)
    healthy(hooks, layout, version)
    if hooks.running:
        running.only(layout, version, hooks.health_seconds)


def _back(layout: Layout, version: str, before: str | None, hooks: Hooks, cause: BaseException) -> InstallError:
    """Make `before` current again and say how that went."""
    LOG.error("%s is not healthy: %s; going back to %s", version, cause or "interrupted", before or "nothing")
    layout.point("current", before)
    what = f"{version} was not healthy: {cause or 'interrupted'}."
    if before is None:
        layout.finish()
        return RolledBackError(
            what, kept="There was no release before: none is current.", remedy="Mend it, run this again."
        )
    try:
        run("restart", hooks.restart, layout, before, hooks.seconds, locked=False)
        healthy(hooks, layout, before)
    except HookError as error:
        kept = f"{before} is current again, but not healthy either: {error}."
        return RolledBackError(what, kept=kept, remedy="Look at its services and at the database now.")
    layout.finish()
    kept = f"{before} is current again and healthy."
    return RolledBackError(what, kept=kept, remedy="The log of the services says why. Build a better release.")


def rollback(layout: Layout, to: str | None, hooks: Hooks) -> str:
    """Make an older installed release current, by default the one before. Returns its version. Raises InstallError."""
    version = to or layout.previous
    if version is None:
        there = ", ".join(layout.versions()) or "none"
        raise AbsentError("There is no release before this one.", remedy=f"Name one with --to. Installed: {there}.")
    running.recorded(layout, version)
    not_too_old(layout, version, older=True)
    running.intact(layout, version)
    if version != layout.current:
        activate(layout, version, hooks)
    return version


def prune(layout: Layout, keep: int) -> list[str]:
    """Remove all but the current, the previous, the `keep` newest releases and those that still run. Returns which."""
    kept = {layout.current, layout.previous, *layout.versions()[-keep:], *running.processes(layout)}
    gone = [version for version in layout.versions() if version not in kept]
    for version in gone:
        layout.remove(version)
        LOG.info("%s is removed", version)
    return gone
