"""Make one backup: whole or not at all.

The database first, in one snapshot; then the documents. A document is stored before its row and never changes, so each
row of the snapshot finds its file in the later copy.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from scripts.operations import files, postgres
from scripts.operations.backup import catalogue, sealing, signing
from scripts.operations.backup.configuration import Configuration
from scripts.operations.errors import FullError, OperationError, RefusedError
from scripts.operations.postgres import Database, Session

DATABASE, DOCUMENTS, SETTINGS = "database.dump.age", "documents.tar.age", "settings.tar.age"
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
HEAD = "SELECT count(*), coalesce((SELECT sha256 FROM audit_entry ORDER BY id DESC LIMIT 1), '') FROM audit_entry"
HAS_TABLES = "SELECT to_regclass('public.audit_entry') IS NOT NULL"
RELEASE = Path("/opt/proforma/current")
RESERVE = 64 * 1024 * 1024


def make(wanted: Configuration, *, reason: str = "") -> catalogue.Backup:
    """A complete new backup. Raises OperationError; then nothing of it is left and the older ones are untouched."""
    target = Path(wanted.target)
    _fit(wanted, target)
    recipients = sealing.recipients(Path(wanted.recipients))
    signer = signing.signer(Path(wanted.signing_key))
    with files.locked(Path(wanted.state) / "lock"):
        _clear(target)
        _room(wanted, target)
        name = datetime.now(UTC).strftime(catalogue.FORM)
        scratch = target / f".partial-{name}"
        scratch.mkdir(mode=0o700)
        try:
            manifest = _fill(scratch, wanted, recipients) | {"made_at": name, "reason": reason}
            manifest["files"] = {path.name: _stated(path) for path in sorted(scratch.iterdir())}
            _signed(scratch, manifest, signer)
            files.sync(scratch)
            scratch.rename(target / name)
            files.sync(target)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        made = catalogue.opened(target / name)
        catalogue.verify(made)
        return made


def _signed(scratch: Path, manifest: dict[str, Any], signer: signing.Signer) -> None:
    """The manifest and, beside it, its signature: of the very bytes that are on disk."""
    files.write_json(scratch / catalogue.MANIFEST, manifest)
    path = scratch / catalogue.SIGNATURE
    path.write_bytes(signer.signature((scratch / catalogue.MANIFEST).read_bytes()))
    path.chmod(0o644)
    files.sync(path)


def _fit(wanted: Configuration, target: Path) -> None:
    """Before anything is begun. Raises RefusedError."""
    if wanted.target_must_be_mounted and not os.path.ismount(target):
        remedy = "Mount it (an empty directory would fill this host's disk), then run this again."
        raise RefusedError("The backup's target is not mounted.", where=str(target), remedy=remedy)


def _room(wanted: Configuration, target: Path) -> None:
    """Space for one like the last. When it is short, those that are not kept any longer go first. Raises FullError."""
    known = catalogue.there(target)
    need = RESERVE + (known[-1].size * 11 // 10 if known else 0)
    if shutil.disk_usage(target).free < need:
        for one in catalogue.expendable(known, datetime.now(UTC), wanted.keep_days, wanted.keep_months):
            catalogue.remove(one)
    free = shutil.disk_usage(target).free
    if free < need:
        remedy = "Free space there, or keep fewer (keep_days, keep_months)."
        what = f"A backup needs about {need // 2**20} MB, and {free // 2**20} MB are free."
        raise FullError(what, where=str(target), kept="The backups to be kept are untouched.", remedy=remedy)


def _clear(target: Path) -> None:
    """What a killed run left. We hold the lock, so nobody writes it."""
    for left in target.glob(".partial-*"):
        shutil.rmtree(left, ignore_errors=True)


def _fill(scratch: Path, wanted: Configuration, recipients: Path) -> dict[str, Any]:
    about: dict[str, Any] = {"format": 1, "host": socket.gethostname(), "release": release()}
    with postgres.opened(Path(wanted.read_url)) as database:
        about["database"] = _dump(database, scratch / DATABASE, recipients)
    about["documents"] = _documents(wanted, scratch / DOCUMENTS, recipients)
    count, _ = sealing.seal_files(list(chosen(wanted)), scratch / SETTINGS, recipients)
    return about | {"settings": count}


def _dump(database: Database, out: Path, recipients: Path) -> dict[str, Any]:
    """The dump, and what can be said of the same snapshot so that a restore can be compared with it."""
    with Session(database) as session:
        session.ask(BEGIN)
        snapshot = session.value("SELECT pg_export_snapshot()")
        about = _described(session)
        command = ["pg_dump", "--format=custom", "--no-password", f"--snapshot={snapshot}"]
        if words := sealing.seal_output(command, database.environment, out, recipients):
            raise postgres.told(words, database)
    return about


def _described(session: Session) -> dict[str, Any]:
    about: dict[str, Any] = {"server": session.value("SHOW server_version")}
    about["tables"] = int(session.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    roles = "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = 'public'"
    about["roles"] = sorted(row[0] for row in session.ask(roles))
    if session.value(HAS_TABLES) == "t":
        entries, head = session.ask(HEAD)[0]
        about |= {"audit_entries": int(entries), "audit_head": head}
    return about


def _documents(wanted: Configuration, out: Path, recipients: Path) -> dict[str, Any]:
    if wanted.documents_bucket:
        return {"kind": "bucket", "bucket": wanted.documents_bucket}
    root = Path(wanted.documents_directory)
    if not root.is_dir():
        raise OperationError("The documents' directory is not there.", where=str(root), remedy="Is it mounted?")
    count, size = sealing.seal_files(_stored(root), out, recipients)
    return {"kind": "directory", "files": count, "bytes": size}


def _stored(root: Path) -> Iterator[tuple[Path, str]]:
    """Every folder and finished document; what begins with a point is being written."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in [*folders, *sorted(names)]:
            if not name.startswith("."):
                yield (path := Path(folder, name)), str(path.relative_to(root))


def chosen(wanted: Configuration) -> Iterator[tuple[Path, str]]:
    """Settings and secrets, without keys that never leave their host."""
    for pattern in wanted.settings:
        for found in sorted(glob.glob(pattern)):  # noqa: PTH207 - absolute patterns
            for path in [Path(found), *sorted(Path(found).rglob("*"))]:
                if not any(fnmatch(str(path), one) for one in wanted.settings_left_out):
                    yield path, str(path).lstrip("/")


def release() -> str:
    try:
        return RELEASE.readlink().name
    except OSError:
        return ""


def _stated(path: Path) -> dict[str, Any]:
    return {"sha256": files.sha256(path), "size": path.stat().st_size}


class Diary:
    """status.json: how the last run ended, and the last good one, for monitors; readable by all."""

    def __init__(self, wanted: Configuration) -> None:
        self.path = Path(wanted.state) / "status.json"
        self._begun = time.monotonic()

    def good(self, backup: catalogue.Backup) -> None:
        seconds = round(time.monotonic() - self._begun, 1)
        one = {"at": _now(), "name": backup.name, "bytes": backup.size, "seconds": seconds}
        files.write_json(self.path, {"last_run": {"at": _now(), "ok": True}, "last_good": one})

    def bad(self, error: OperationError) -> None:
        last = {"at": _now(), "ok": False, "exit_code": error.exit_code, "problem": str(error)}
        files.write_json(self.path, {"last_run": last, "last_good": files.read_json(self.path).get("last_good")})

    def __str__(self) -> str:
        return json.dumps(files.read_json(self.path))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
