"""Restore one backup: first everything is checked, then each part is restored whole, then it is proven."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scripts.operations import files, postgres
from scripts.operations.backup import catalogue, guarding, sealing
from scripts.operations.backup.catalogue import Backup
from scripts.operations.backup.configuration import Configuration
from scripts.operations.backup.making import DATABASE, DOCUMENTS, HAS_TABLES, HEAD, SETTINGS
from scripts.operations.errors import NOTHING, AbsentError, RefusedError, UnprovenError
from scripts.operations.postgres import Database, Session

TABLES = (
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public'"
)
EMPTIED = "DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\nGRANT USAGE ON SCHEMA public TO PUBLIC;\n"


def database(backup: Backup, wanted: Configuration, identity: Path, *, replace: bool) -> dict[str, int | str]:
    """In one transaction: all of it or nothing. Returns the number of audit entries and the head of their chain."""
    with catalogue.held(backup, DATABASE) as sealed, _owned(wanted) as there:
        ready(there)
        _may_be_restored(backup, there, replace=replace)
        with _transaction(there, EMPTIED if replace else "") as sql:
            _script(sealed, identity, there, sql)
        return _compared(backup, there)


def check(wanted: Configuration) -> None:
    """Whether a dump may be let into the database from here. Raises RefusedError, UnreachableError; changes nothing."""
    with _owned(wanted) as there:
        ready(there)


def check_target(backup: Backup, wanted: Configuration, *, replace: bool) -> None:
    """Whether this backup may be restored into the database as it is now. Raises RefusedError; changes nothing."""
    with _owned(wanted) as there:
        _may_be_restored(backup, there, replace=replace)


def ready(there: Database) -> None:
    """Clients and role are such that even a forged dump could do no harm beside this database. Raises RefusedError."""
    guarding.clients(there)
    with Session(there) as session:
        guarding.powerless(session, there)


@contextmanager
def _owned(wanted: Configuration) -> Iterator[Database]:
    """The database as its owner; the programs that speak with it run as a user without rights on this host."""
    with postgres.opened(Path(wanted.owner_url), postgres.account(wanted.user)) as there:
        yield there


def _may_be_restored(backup: Backup, there: Database, *, replace: bool) -> None:
    """Raises RefusedError before anything is touched."""
    with Session(there) as session:
        tables = int(session.value(TABLES))
        if tables and not replace:
            remedy = "Name an empty database, or give --replace (restore_replace=true): what is in it now is then lost."
            raise RefusedError(
                f"The database is not empty: {tables} tables.", where=there.place, kept=NOTHING, remedy=remedy
            )
        known = {row[0] for row in session.ask("SELECT rolname FROM pg_roles")}
    lacking = [role for role in backup.manifest["database"].get("roles", []) if role not in known | {"PUBLIC"}]
    if lacking:
        remedy = "As the database's administrator: " + " ".join(f"CREATE ROLE {role} LOGIN;" for role in lacking)
        raise RefusedError(f"Roles are missing: {', '.join(lacking)}.", where=there.place, kept=NOTHING, remedy=remedy)


@contextmanager
def _transaction(there: Database, first: str) -> Iterator[IO[bytes]]:
    """Where to write SQL. COMMIT is sent only when the block ended well; otherwise the server takes all back."""
    command = ["psql", "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    with sealing.tempfile_lines() as said:
        process = subprocess.Popen(
            command, env=there.environment, stdin=subprocess.PIPE, stderr=said, cwd="/", **there.account
        )
        assert process.stdin is not None  # noqa: S101 - it was asked for
        ended = 1
        try:
            process.stdin.write(f"BEGIN;\nSET client_min_messages = warning;\n{first}".encode())
            process.stdin.flush()
            yield process.stdin
            process.stdin.write(b"\nCOMMIT;\n")
            process.stdin.close()
            ended = process.wait()
        except BrokenPipeError:
            ended = process.wait() or 1
        finally:
            process.kill()
            process.wait()
        if ended:
            raise postgres.told(sealing.lines(said), there)


def _script(sealed: Path, identity: Path, there: Database, into: IO[bytes]) -> None:
    """pg_restore's SQL, from the sealed dump. Raises RefusedError when the dump is damaged."""
    command = ["pg_restore", "--no-owner", "--no-comments", "--file=-"]
    with sealing.tempfile_lines() as said, sealing.unsealed(sealed, identity) as dump:
        done = subprocess.run(
            command, env=there.environment, stdin=dump, stdout=into, stderr=said, check=False, cwd="/", **there.account
        )
        if done.returncode and "Broken pipe" not in (words := sealing.lines(said)) and words:
            raise RefusedError(f"The dump cannot be read: {words}", where=str(sealed), kept=NOTHING)


def _compared(backup: Backup, there: Database) -> dict[str, int | str]:
    """The chain must end with the same entry as in the backup. Raises UnprovenError."""
    stated = backup.manifest["database"]
    with Session(there) as session:
        found = session.ask(HEAD)[0] if session.value(HAS_TABLES) == "t" else ["0", ""]
    entries, head = int(found[0]), found[1]
    if "audit_head" in stated and (entries, head) != (stated["audit_entries"], stated["audit_head"]):
        what = f"The audit record ends at entry {entries}, that of the backup at {stated['audit_entries']}."
        raise UnprovenError(what, where=there.place, remedy="Do not start the portal. Restore another backup.")
    return {"audit_entries": entries, "audit_head": head}


def documents(backup: Backup, wanted: Configuration, identity: Path) -> int:
    """How many were written. One that is there with the same bytes stays; with others, nothing is written at all."""
    stated = backup.manifest["documents"]
    if stated["kind"] == "bucket":
        return 0
    root = Path(wanted.documents_directory)
    if not root.is_dir():
        raise AbsentError("The documents' directory is not there.", where=str(root), remedy="Apply the roles first.")
    scratch = root / ".restoring"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        with catalogue.held(backup, DOCUMENTS) as sealed:
            _unpack(sealed, identity, scratch)
        _same_or_absent(scratch, root)
        return _moved(scratch, root)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def settings(backup: Backup, identity: Path, into: Path) -> None:
    """Below `into`: for a look, or `/` for a new host. Raises RefusedError rather than replace."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with catalogue.held(backup, SETTINGS) as sealed:
        _unpack(sealed, identity, into)


def _unpack(sealed: Path, identity: Path, into: Path) -> None:
    """Owners by name. Nothing is written outside `into`, and nothing that is there is replaced by something else."""
    with sealing.unsealed(sealed, identity) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
        tar.extraction_filter = lambda member, _path: member  # owners and modes as they were; names are checked here
        for member in tar:
            to = into / member.name
            if not (member.isfile() or member.isdir() or member.issym()):
                raise RefusedError("The archive holds something that is no file.", where=member.name)
            if not to.resolve().is_relative_to(into.resolve()):
                raise RefusedError("The archive leads out of its directory.", where=member.name)
            if member.isfile() and to.exists():
                remedy = "Unpack into an empty directory (--into DIR), compare, and copy what you want."
                raise RefusedError("There is such a file already.", where=str(to), remedy=remedy)
            tar.extract(member, into)


def _same_or_absent(scratch: Path, root: Path) -> None:
    for path in scratch.rglob("*"):
        there = root / path.relative_to(scratch)
        if path.is_file() and there.exists() and files.sha256(there) != files.sha256(path):
            remedy = "Move the file that is there aside, after a look at it."
            what = "A document is there already, with other bytes."
            raise RefusedError(what, where=str(there), kept="No document was written.", remedy=remedy)


def _moved(scratch: Path, root: Path) -> int:
    """Folders first, with the owner and mode that they had; then the files, each in one step."""
    count = 0
    for path in sorted(scratch.rglob("*")):
        to = root / path.relative_to(scratch)
        if path.is_dir():
            to.mkdir(mode=0o700, exist_ok=True)
            status = path.stat()
            shutil.chown(to, status.st_uid, status.st_gid)
            to.chmod(status.st_mode & 0o7777)
        elif not to.exists():
            path.rename(to)
            count += 1
    return count


def prove(wanted: Configuration) -> str:
    """What the portal's own `audit_verify` says of chain and documents. Raises UnprovenError."""
    try:
        done = subprocess.run(wanted.verify, capture_output=True, text=True, check=False, timeout=3600)
    except OSError as error:
        remedy = "Install the release, then run it by hand, or give --no-verify and verify later."
        raise UnprovenError(
            f"It could not be proven: {error.strerror}.", where=wanted.verify[0], remedy=remedy
        ) from None
    if done.returncode:
        said = _problems(done.stdout) or " ".join(done.stderr.split())[-600:]
        remedy = "Do not start the portal. Restore another backup, or restore the documents named."
        raise UnprovenError(f"What was restored does not prove to be whole: {said}", remedy=remedy)
    return done.stdout.strip()


def _problems(said: str) -> str:
    try:
        found = json.loads(said.strip().splitlines()[-1])["problems"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return "; ".join(f"{one['what']} ({one['where']})" for one in found[:5])
