"""PostgreSQL by Debian's client programs. The password is in a file that only we may read, never in an argument."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict
from urllib.parse import parse_qsl, unquote, urlsplit

from scripts.operations.errors import NOTHING, AbsentError, OperationError, RefusedError, UnreachableError

SERVICE = "proforma"
CONNECT_SECONDS = "10"
HARMLESS = ("PATH", "LANG", "LC_ALL", "TZ")
"""of the environment, what programs that run as another user are told"""


class Account(TypedDict, total=False):
    """Whom subprocess runs a program as; empty: as ourselves."""

    user: int
    group: int
    extra_groups: list[int]


def account(name: str) -> Account:
    """As root: the system user of that name. Otherwise ourselves. Raises AbsentError, RefusedError for root itself."""
    if os.geteuid() != 0:
        return {}
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        remedy = "Apply the role `backup` to this host."
        raise AbsentError(f"There is no user {name}.", kept=NOTHING, remedy=remedy) from None
    if found.pw_uid == 0:
        remedy = "Name another user in /etc/proforma/backup.json."
        raise RefusedError("PostgreSQL's programs do not run as root here.", where=name, kept=NOTHING, remedy=remedy)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


@dataclass(frozen=True, slots=True)
class Database:
    """How to reach it: `environment` names a service file with everything in it, the password too.

    account: whom client programs run as; the service file is that user's.
    """

    host: str
    port: int
    name: str
    user: str
    environment: dict[str, str]
    account: Account = field(default_factory=Account)

    @property
    def place(self) -> str:
        return f"{self.user} at {self.host}:{self.port}/{self.name}"


@contextlib.contextmanager
def opened(url_file: Path, account: Account | None = None) -> Iterator[Database]:
    """The database of a secret file that holds a URL; `account` may use it, or we.

    Raises AbsentError, OperationError.
    """
    settings = parsed(url_file)
    with tempfile.TemporaryDirectory(prefix="proforma-pg-") as folder:
        if account and (authority := Path(settings.get("sslrootcert", ""))).is_file():  # may lie where few may look
            settings["sslrootcert"] = shutil.copyfile(authority, str(Path(folder, "authority.pem")))
        service = Path(folder) / "service.conf"
        service.touch(mode=0o600)
        service.write_text(f"[{SERVICE}]\n" + "".join(f"{key}={value}\n" for key, value in settings.items()))
        environment = {
            **({name: os.environ[name] for name in HARMLESS if name in os.environ} if account else os.environ),
            "PGSERVICEFILE": str(service),
            "PGSERVICE": SERVICE,
            "PGAPPNAME": "proforma-backup",
        }
        environment |= {"PGCONNECT_TIMEOUT": CONNECT_SECONDS}
        if account:
            for path in (*Path(folder).iterdir(), Path(folder)):
                os.chown(path, account["user"], account["group"])
        where = settings["host"], int(settings["port"]), settings["dbname"], settings["user"]
        yield Database(*where, environment, account or {})


def parsed(url_file: Path) -> dict[str, str]:
    """libpq's settings from the URL. Never shows the URL."""
    try:
        url = urlsplit(url_file.read_text().strip())
    except FileNotFoundError:
        remedy = "Give the host this secret (docs/operations.md), then run this again."
        raise AbsentError("The database's address is not on this host.", where=str(url_file), remedy=remedy) from None
    if url.scheme not in ("postgres", "postgresql") or not url.hostname or not url.username or url.path in ("", "/"):
        raise OperationError("The file holds no PostgreSQL URL.", where=str(url_file), remedy="Write it anew.")
    main = {"host": unquote(url.hostname), "port": str(url.port or 5432), "dbname": unquote(url.path[1:])}
    given = main | {"user": unquote(url.username), "password": unquote(url.password or "")} | dict(parse_qsl(url.query))
    if any("\n" in value for value in given.values()):
        raise OperationError("A part of the URL has a line break.", where=str(url_file), remedy="Write it anew.")
    return given


class Session:
    """One connection through psql, kept open: what is asked in it is asked in one transaction."""

    MARK = "--proforma-answered--"

    def __init__(self, database: Database) -> None:
        self._database = database
        command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        try:
            self._process = subprocess.Popen(
                command,
                env=database.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd="/",
                **database.account,
            )
        except FileNotFoundError:
            remedy = "apt-get install postgresql-client"
            raise UnreachableError("PostgreSQL's client is not installed.", remedy=remedy) from None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, sql: str) -> list[list[str]]:
        """Rows of one statement. Raises UnreachableError with the server's words."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for above
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(f"{sql};\n\\echo {self.MARK}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failed() from None
        rows: list[list[str]] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == self.MARK:
                return rows
            rows.append(line.rstrip("\n").split("\t"))
        raise self._failed()

    def value(self, sql: str) -> str:
        """The one value of the one row, "" without any."""
        rows = self.ask(sql)
        return rows[0][0] if rows else ""

    def _failed(self) -> OperationError:
        return told(self._process.stderr.read() if self._process.stderr else "", self._database)


def told(words: str, database: Database) -> OperationError:
    """What a client program said, with a remedy for what is usual."""
    said = " ".join(words.split())[:600]
    remedies = {
        "server version mismatch": "The client is older than the server: install the server's postgresql-client.",
        "password authentication failed": "Write the role's password anew into the secret on this host.",
        "permission denied": "Grant the role pg_read_all_data (backup), or make it the owner (restore).",
        "could not translate": "The name server does not know the database's name: see `proforma-doctor`.",
    }
    remedy = next((r for words, r in remedies.items() if words in said), "See `proforma-doctor`, then run this again.")
    if "already exists" in said:
        return RefusedError(said, where=database.place, remedy="Restore into an empty database, or give --replace.")
    return UnreachableError(f"PostgreSQL: {said or 'no answer'}.", where=database.place, remedy=remedy)
