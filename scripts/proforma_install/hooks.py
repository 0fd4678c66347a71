"""Commands of the operator's that a rollout runs: check, backup, migrate, restart, health. Never through a shell."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import UsageError
from .layout import Layout
from .log import LOG

GRACE = 30.0
"""seconds that a command has between SIGTERM and SIGKILL"""
TAIL = 20
"""lines of a failed command's output that are logged"""


class HookError(Exception):
    """A command failed; `str` says how. `full`: for want of space, by what it said."""

    def __init__(self, how: str, *, full: bool = False) -> None:
        self.full = full
        super().__init__(how)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Command lines, "" for none; `health` is a command or an http(s) address, asked for as `health_host`."""

    check: str = ""
    backup: str = ""
    migrate: str = ""
    restart: str = ""
    health: str = ""
    health_host: str = ""
    seconds: float = 900.0
    health_seconds: float = 60.0
    running: bool = False


def words(name: str, command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError(f"The command for --{name} cannot be read: {error}.", remedy="Mind its quotes.") from error


def surroundings(layout: Layout, version: str) -> dict[str, str]:
    """Our environment and what a hook needs to know about the release it is for."""
    known = {"ROOT": str(layout.root), "VERSION": version, "RELEASE": str(layout.release(version))}
    return {**os.environ, **{f"PROFORMA_{name}": value for name, value in known.items()}}


def run(name: str, command: str, layout: Layout, version: str, seconds: float, *, locked: bool = True) -> None:
    """Run one hook; "" does nothing. With `locked` the command keeps the lock if we are killed, so that no second run
    starts beside it; not for what starts services, which would keep it for ever. Raises HookError."""
    if not command:
        return
    begun = time.monotonic()
    LOG.info("%s for %s", name, version)
    fds = layout.lock_fds if locked else ()
    call(words(name, command), surroundings(layout, version), seconds, fds)
    LOG.info("%s for %s done in %.1f s", name, version, time.monotonic() - begun)


def call(command: Sequence[str], environment: Mapping[str, str], seconds: float, fds: Sequence[int] = ()) -> str:
    """The output of `command`. Raises HookError with its last lines in the log.

    The output goes to a file: with a pipe, a service that it starts and that keeps the pipe open would hold us up.
    """
    with tempfile.TemporaryFile() as output:
        try:
            running = subprocess.Popen(
                command,
                env=environment,
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise HookError(f"it cannot be started: {error.strerror}: {error.filename}") from error
        code = _ended(running, seconds)
        output.seek(0)
        said = output.read().decode("utf-8", "replace")
    if code:
        for line in said.splitlines()[-TAIL:]:
            LOG.warning("| %s", line)
        raise HookError(f"it ended with code {code}", full=os.strerror(errno.ENOSPC) in said)
    return said


def _ended(running: subprocess.Popen[bytes], seconds: float) -> int:
    """Its code. Raises HookError after `seconds`.

    It is asked to end first: what it has begun elsewhere (a unit of systemd) is for it to stop, or would go on.
    """
    try:
        return running.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise HookError(f"it took longer than {seconds:g} s and was stopped") from error
    finally:
        if running.poll() is None:
            running.terminate()
            try:
                running.wait(GRACE)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def healthy(hooks: Hooks, layout: Layout, version: str) -> None:
    """Ask until the answer is good or the time is over. Raises HookError with the last bad answer."""
    until = time.monotonic() + hooks.health_seconds
    while hooks.health:
        try:
            ask(hooks, layout, version, max(1.0, until - time.monotonic()))
            LOG.info("%s is healthy", version)
            break
        except HookError as error:
            if time.monotonic() >= until:
                raise HookError(f"not healthy after {hooks.health_seconds:g} s: {error}") from error
            time.sleep(0.25)


def ask(hooks: Hooks, layout: Layout, version: str, seconds: float) -> None:
    if hooks.health.startswith(("http://", "https://")):
        return _get(hooks.health, hooks.health_host, min(seconds, 5.0))
    run("health", hooks.health, layout, version, seconds, locked=False)
    return None


def _get(address: str, host: str, seconds: float) -> None:
    request = urllib.request.Request(address, headers={"Host": host} if host else {})  # noqa: S310  http(s), see above
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds):  # redirects to a sign-in page end as 200: point it at /health
            return
    except urllib.error.HTTPError as error:
        raise HookError(f"{address} answers {error.code}") from error
    except (OSError, ValueError) as error:
        raise HookError(f"{address} does not answer: {error}") from error
