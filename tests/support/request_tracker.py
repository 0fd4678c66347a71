"""A live Request Tracker 5, made from scratch in a private directory from Debian's packages.

    python -m tests.support.request_tracker packages
    python -m tests.support.request_tracker up --dir DIR [--port N]     prints its address; runs until `down`
    python -m tests.support.request_tracker down --dir DIR

Everything it writes is below DIR. It listens on 127.0.0.1 only, runs as whoever starts it (root is fine), sends no mail
and has Debian's lifecycle (new, open, stalled; resolved, rejected, deleted).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.processes import dies_with_parent, tail
from tests.support.request_tracker_tickets import UNSET, SeedTicket, body, first_status, parts, stored

__all__ = ["RequestTracker", "SeedError", "SeedTicket", "installed", "request_tracker_packages"]

PACKAGES = (
    "request-tracker5",
    "rt5-standalone",
    "rt5-db-sqlite",
    "dbconfig-no-thanks",
    "msmtp-mta",
    "starman",
)
INSTALL = f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "rt-setup-database-5"
DATAFILE = Path(__file__).with_name("request_tracker_datafile.pl")
WORKERS = 4
START_SECONDS = 60.0


def request_tracker_packages() -> list[str]:
    """Debian packages that a live Request Tracker takes."""
    return list(PACKAGES)


def installed() -> bool:
    """Whether this machine has all that it takes."""
    return SERVER.exists() and bool(shutil.which(SETUP) and shutil.which("starman"))


class SeedError(Exception):
    """Request Tracker did not take a ticket; the text says which and why."""


class RequestTracker:
    """One instance in one directory. `start` and `stop` are idempotent, also from different processes."""

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.directory, self._wanted_port = directory.resolve(), port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._state()['port']}"

    @property
    def token(self) -> str:
        """Of the account that may read."""
        return self.token_of("reader")

    def token_of(self, account: str) -> str:
        """See the data file for the cast."""
        pairs = (line.split() for line in (self.directory / "tokens").read_text().splitlines())
        return {name: token for name, token in pairs}[account]  # noqa: C416  a line is a list, not a pair

    def start(self, *, bound: bool = True) -> RequestTracker:
        """Make the database if there is none and serve it. `bound`: it ends with this process, however that ends."""
        if self.running():
            return self
        self._lay_out()
        port = self._wanted_port or _free_port()
        self._configure(port)
        if not (self.directory / "tokens").exists():
            self._make_database()
        self._serve(port, dies_with_parent(signal.SIGTERM) if bound else None)
        return self

    def stop(self) -> None:
        """End the server; the data stay. By SIGTERM: on SIGINT as root, Debian's server changes owners below /var."""
        if self.running():
            os.kill(self._state()["pid"], signal.SIGTERM)
        self._await(lambda: not self.running(), 15, "it does not end")
        (self.directory / "state.json").unlink(missing_ok=True)

    def running(self) -> bool:
        if self._process is not None:
            self._process.poll()  # so that an ended child is no zombie
        state = self._state()
        return bool(state) and _started_at(state["pid"]) == state["started"]

    def seed(self, rows: Iterable[SeedTicket]) -> list[str]:
        """Create tickets and give them their past; returns their ids in order. Raises SeedError.

        RT lets nobody set when a ticket was created, rejected or last changed, so those dates are written into the
        database afterwards.
        """
        rows = list(rows)
        created = [self._bulk("POST", [body(row) for row in part]) for part in parts(rows)]
        answers = [answer for part in created for answer in part]
        for row, answer in zip(rows, answers, strict=True):
            if "id" not in answer:
                raise SeedError(f"{row.subject}: {answer.get('message')}")
        ids = [str(answer["id"]) for answer in answers]
        self.set_status({i: row.status for i, row in zip(ids, rows, strict=True) if first_status(row) != row.status})
        self.back_date(dict(zip(ids, rows, strict=True)))
        return ids

    def set_status(self, statuses: Mapping[str, str]) -> None:
        """Move tickets as a person would. A refused move answers 200 too, so each answer is read. Raises SeedError."""
        changes = [{"id": int(ticket), "Status": status} for ticket, status in statuses.items()]
        for part in parts(changes):
            for ticket, *messages in self._bulk("PUT", part):
                if not any("Status changed" in str(m) or "Ticket deleted" in str(m) for m in messages):
                    raise SeedError(f"ticket {ticket}: {messages}")

    def back_date(self, rows: Mapping[str, SeedTicket]) -> None:
        """Write Resolved, Created and LastUpdated of tickets (id -> row) into the database."""
        sql = (
            "UPDATE Tickets SET Resolved = ?, Created = COALESCE(?, Created), LastUpdated = COALESCE(?, LastUpdated) "
            "WHERE id = ?"
        )
        values = [(stored(r.resolved) or UNSET, stored(r.created), stored(r.updated), i) for i, r in rows.items()]
        with sqlite3.connect(self.directory / "rt.sqlite", timeout=30) as database:
            database.executemany(sql, values)
        database.close()

    def call(self, method: str, path: str, body: Any = None, account: str = "seeder") -> Any:
        """One request to REST 2; its JSON. Raises urllib.error.HTTPError."""
        request = urllib.request.Request(  # noqa: S310  a loopback address of our own
            f"{self.url}/REST/2.0/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token_of(account)}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
            return json.load(response)

    def _bulk(self, method: str, bodies: Sequence[Any]) -> list[Any]:
        answers: list[Any] = self.call(method, "tickets/bulk", list(bodies))
        return answers

    def _state(self) -> dict[str, int]:
        file = self.directory / "state.json"
        state: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        return state

    def _lay_out(self) -> None:
        for name in ("etc", "etc/site.d", "mason", "session", "var"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)

    def _configure(self, port: int) -> None:
        (self.directory / "etc/RT_SiteConfig.pm").write_text(
            _SITE_CONFIG.replace("@DIR@", str(self.directory)).replace("@PORT@", str(port))
        )

    def _make_database(self) -> None:
        (self.directory / "rt.sqlite").unlink(missing_ok=True)
        for arguments in (["init", "--skip-create"], ["insert", "--datafile", str(DATAFILE)]):
            self._run([SETUP, "--action", *arguments])
        with sqlite3.connect(self.directory / "rt.sqlite") as database:
            database.execute("PRAGMA journal_mode = WAL")  # readers and the seeding writer side by side
        database.close()

    def _run(self, command: list[str]) -> None:
        with (self.directory / "setup.log").open("ab") as log:
            done = subprocess.run(command, env=self._environment(), stdout=log, stderr=log, timeout=120, check=False)
        if done.returncode or not (self.directory / "rt.sqlite").exists():
            raise RuntimeError(f"{command[0]} failed:\n{tail(self.directory / 'setup.log')}")

    def _serve(self, port: int, arm: Callable[[], None] | None) -> None:
        command = [str(SERVER), "--server", "Starman", "--host", "127.0.0.1", "--port", str(port)]
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # a session of its own keeps a terminal's SIGINT away, see stop
                [*command, "--workers", str(WORKERS)],
                env=self._environment(),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=arm,
            )
        pid = self._process.pid
        state = {"pid": pid, "port": port, "started": _started_at(pid)}
        (self.directory / "state.json").write_text(json.dumps(state))
        self._await(self._answers, START_SECONDS, "it does not answer")

    def _answers(self) -> bool:
        if not self.running():
            raise RuntimeError(f"Request Tracker ended at once:\n{tail(self.directory / 'server.log')}")
        try:
            self.call("GET", "rt")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def _await(self, done: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Request Tracker: {otherwise}:\n{tail(self.directory / 'server.log')}")
            time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        etc = self.directory / "etc"
        ours = {"RT_SITE_CONFIG": str(etc / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": str(etc / "site.d")}
        return {**os.environ, **ours, "RT_TEST_DIRECTORY": str(self.directory)}


_SITE_CONFIG = """\
Set($rtname, 'test.example');
Set($Organization, 'test.example');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '@DIR@/rt.sqlite');
Set($WebDomain, '127.0.0.1');
Set($WebPort, @PORT@);
Set($Timezone, 'US/Eastern');  # RT's own default: nothing may rely on a server that happens to be in UTC
Set($BcryptCost, 4);           # passwords and tokens of accounts that guard nothing; 12 costs a second each
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'warning');
$RT::VarPath = '@DIR@/var';
$RT::MasonDataDir = '@DIR@/mason';
$RT::MasonSessionDir = '@DIR@/session';
1;
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _started_at(pid: int) -> int:
    """When a process began, in the kernel's ticks, so that a reused pid is not taken for ours; 0 when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if stat[0] == "Z" else int(stat[19])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="request_tracker", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("packages")
    for name in ("up", "down"):
        command = commands.add_parser(name)
        command.add_argument("--dir", type=Path, required=True)
        command.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.command == "packages":
        return _say("\n".join(request_tracker_packages()))
    if given.command == "down":
        RequestTracker(given.dir).stop()
        return 0
    if not installed():
        return _say(f"Request Tracker 5 is missing. Run: {INSTALL}", 69)
    return _say(RequestTracker(given.dir, given.port).start(bound=False).url)


def _say(text: str, code: int = 0) -> int:
    (sys.stderr if code else sys.stdout).write(f"{text}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
