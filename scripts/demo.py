"""The demo: one customer's month on this machine. Started by ./scripts/demo, which sets up first.

Starts an embedded PostgreSQL, the sandbox customer, a worker and the portal, lets `manage.py demo_month` run the month,
and keeps the portal up until Ctrl-C. However it ends, no process stays; secrets are made for the run in a directory of
mode 0700, which is removed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox.preview import Preview
from scripts import postgres, rehearsal
from scripts.demo_checks import WAITS_FOR_PEOPLE, StopsHereError, listed, listener, out_checked, tickets_checked
from scripts.demo_options import Options, parse
from scripts.processes import Child, ChildEndedError, Family, end_adopted

PYTHON = sys.executable
PEOPLE = (
    ("petra", "Petra Preparer", "preparer"),
    ("anton", "Anton Approver", "approver"),
    ("carla", "Carla Contract", "contract_manager"),
    ("ada", "Ada Auditor", "auditor"),
    ("ines", "Ines Administrator", "administrator"),
)
OWNERS_DATABASE = "PROFORMA_MIGRATION_DATABASE_URL"
READY_SECONDS = 60.0
ACKNOWLEDGEMENTS = "/inbox/acknowledgements/sandbox"


class StopError(BaseException):
    """Somebody wants us to end: Ctrl-C, SIGTERM, or the terminal is gone."""

    def __init__(self, number: int) -> None:
        self.code = 128 + number
        super().__init__()


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at before the start. `listener`: bound already, so nobody can take the portal's port."""

    options: Options
    seen: Preview | None
    listener: socket.socket


class Demo:
    """The running parts. `state` is a private directory that lives as long as the demo."""

    def __init__(self, checked: Checked, state: Path, environment: dict[str, str], console: Console) -> None:
        self.options, self.seen, self.listener = checked.options, checked.seen, checked.listener
        self.state, self.console = state, console
        self.logs = state / "logs"
        self.logs.mkdir()
        self.passwords = {name: secrets.token_urlsafe(12) for name, *_ in PEOPLE}
        # the password of the tables' owner is for `migrate` alone
        self.owner = {OWNERS_DATABASE: environment[OWNERS_DATABASE]}
        environment = {name: value for name, value in environment.items() if name not in self.owner}
        temporary = state / "tmp"  # what a killed worker cannot remove goes with the state
        temporary.mkdir()
        own = {"PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary)}
        self.family = Family(self.logs, environment | own, rehearsal.APP)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> int:
        """The whole demo. Returns the exit code."""
        self.say("Making the tables")
        self.migrate()
        self.say("Starting the sandbox customer, a worker and the portal")
        sandbox = self.start_sandbox()
        self.start_worker()
        self.start_portal()
        code = self.family.run([PYTHON, "manage.py", "demo_month", "--plan", str(self.write_plan(sandbox))])
        self.remind()
        if code in (0, WAITS_FOR_PEOPLE) and not self.options.once:
            self.stay()
        return code

    def migrate(self) -> None:
        if code := self.family.run([PYTHON, "manage.py", "migrate", "--verbosity", "0"], self.owner):
            raise ChildEndedError(f"Making the tables failed (exit code {code}, see above).")

    def start_sandbox(self) -> str:
        """Start the customer and return its address."""
        doors = {door: {"username": f"{door}-demo", "password": secrets.token_urlsafe(24)} for door in _DOORS}
        given = rehearsal.secret(self.state / "sandbox.json", json.dumps(doors))
        for ref, door in _DOOR_OF_CREDENTIAL.items():
            path = self.state / "credentials" / f"{ref}.json"
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            rehearsal.secret(path, json.dumps(doors[door]))
        command = [PYTHON, "-m", "sandbox", "serve", "--state", str(self.state / "sandbox"), "--secrets", str(given)]
        command += ["--acknowledge-url", self.url + ACKNOWLEDGEMENTS, "--acknowledge-after", "1"]
        child = self.family.start("sandbox customer", command + self.options.sandbox_arguments())
        return str(json.loads(self.first_line(child, "{"))["url"])

    def start_worker(self) -> None:
        command = [PYTHON, "-m", "scripts.leashed", "celery", "-A", "portal.celery", "worker", "--concurrency", "2"]
        command += ["--loglevel", "INFO", "--beat", "--schedule", str(self.state / "broker" / "beat")]
        # A worker may be killed at any time, the rows know how to go on. Asked with SIGQUIT, Celery waits 5 seconds and
        # more for its pool even when it is idle, and while it starts it does not listen at all.
        self.family.start("worker", command, ends_with=signal.SIGKILL)

    def start_portal(self) -> None:
        handle = self.listener.fileno()
        command = [PYTHON, "-m", "gunicorn", "portal.wsgi", "--bind", f"fd://{handle}", "--threads", "4"]
        command += ["--no-control-socket", "--worker-tmp-dir", str(self.state)]
        self.family.start("portal", command, pass_fds=[handle])
        self.wait_for_portal()

    def wait_for_portal(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            self.family.check()
            connection = http.client.HTTPConnection("127.0.0.1", self.listener.getsockname()[1], timeout=5)
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request("GET", "/health")
                if connection.getresponse().status == http.client.OK:
                    return
            time.sleep(0.1)
        raise ChildEndedError(f"The portal did not answer within {READY_SECONDS:.0f} seconds.")

    def first_line(self, child: Child, start: str) -> str:
        """The first line of a child's log that begins with `start`."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            self.family.check()
            for line in child.log.read_text(errors="replace").splitlines(keepends=True):
                if line.startswith(start) and line.endswith("\n"):
                    return line
            time.sleep(0.05)
        raise ChildEndedError(f"The {child.name} did not say within {READY_SECONDS:.0f} seconds that it is ready.")

    def write_plan(self, sandbox: str) -> Path:
        """What demo_month needs, in a file, because it holds passwords."""
        plan: dict[str, Any] = {
            "period": str(self.options.period),
            "timezone": self.options.timezone,
            "out": str(self.options.out),
            "sandbox_url": sandbox,
            "credentials": {door: ref for ref, door in _DOOR_OF_CREDENTIAL.items()},
            "people": [
                {"username": name, "full_name": full, "roles": [role], "password": self.passwords[name]}
                for name, full, role in PEOPLE
            ],
            "stays": not self.options.once,
            "ignored_findings": self.ignored(),
        }
        return rehearsal.secret(self.state / "plan.json", json.dumps(plan))

    def ignored(self) -> list[str]:
        """What was wrong in the file and may keep tickets out of the month, one line each."""
        return [str(doubt) for doubt in self.seen.doubts] if self.seen else []

    def remind(self) -> None:
        if ignored := self.ignored():
            self.say(f"[bold]Left as they stand by --ignore-findings, so tickets may be missing:[/]\n{listed(ignored)}")

    def stay(self) -> None:
        """Keep everything up. Leaves by StopError, or by ChildEndedError."""
        self.say(f"\nThe portal is at [bold]{self.url}[/]. Sign in as one of:")
        for name, _, role in PEOPLE:
            self.say(f"  {name:<7} {self.passwords[name]}   {role.replace('_', ' ')}")
        self.say("Ctrl-C ends it all.")
        while True:
            self.family.check()
            time.sleep(0.5)

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False)


_DOORS = ("servicenow", "sap", "acknowledgement")
_DOOR_OF_CREDENTIAL = {f"customers/sandbox/{door}": door for door in _DOORS}


def main(arguments: Sequence[str]) -> int:
    options, console = parse(arguments), Console(stderr=True, soft_wrap=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        return supervise(look_ahead(options, console), console)
    except StopsHereError as error:
        console.print(str(error), highlight=False, markup=False)
        return error.code
    except (ChildEndedError, postgres.PostgresError, OSError) as error:
        console.print(str(error), highlight=False, markup=False)
        return 1
    except StopError as stopped:
        console.print("Ended. No process was left behind.")
        return 0 if stopped.code == 128 + signal.SIGINT and not options.once else stopped.code
    finally:
        end_adopted()


def look_ahead(options: Options, console: Console) -> Checked:
    """Everything that can be refused before anything is started. Raises StopsHereError."""
    if seen := tickets_checked(options):
        _show_findings(seen, options, console)
    listening = listener(options.port)
    out_checked(options.out)
    return Checked(options, seen, listening)


def _show_findings(seen: Preview, options: Options, console: Console) -> None:
    if seen.findings:
        what = "may keep tickets out of" if seen.doubts else "keep no ticket out of"
        head = f"{seen.name}: findings that {what} {options.period}:"
        console.print(f"{head}\n{listed(seen.findings)}", highlight=False, markup=False)


def supervise(checked: Checked, console: Console) -> int:
    """Database and state around the demo; the logs are kept when it fails."""
    with tempfile.TemporaryDirectory(prefix="proforma-demo-") as directory, postgres.embedded() as cluster:
        demo = Demo(checked, Path(directory), rehearsal.surroundings(Path(directory), cluster), console)
        try:
            code = demo.run()
        except ChildEndedError:
            console.print(f"The logs are kept in {_keep(demo.logs)}.")
            raise
        finally:
            _deaf()
            demo.family.close()
        if code not in (0, WAITS_FOR_PEOPLE):
            console.print(f"The month did not run to its end. The logs are kept in {_keep(demo.logs)}.")
        return code


def _stop(number: int, _frame: object) -> None:
    os.write(sys.stderr.fileno(), b"\nEnding ...\n")  # at once; a console may be locked by what was interrupted
    raise StopError(number)


def _deaf() -> None:
    """A second Ctrl-C must not interrupt the tidying up, which takes a bounded time."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _keep(logs: Path) -> Path:
    return Path(shutil.copytree(logs, tempfile.mkdtemp(prefix="proforma-demo-logs-"), dirs_exist_ok=True))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
