"""proforma-restore: bring a backup back, and prove that it is what was backed up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.operations.backup import catalogue, configuration, restoring, sealing, signing
from scripts.operations.backup.catalogue import Backup
from scripts.operations.backup.configuration import Configuration
from scripts.operations.errors import NOTHING, AbsentError, OperationError, RefusedError, from_os

EXITS = """\
exit codes: 0 restored and proven; 65 refused, nothing was changed (not empty, altered, not signed by a trusted key,
wrong key, a role or clients that could do harm); 66 no such backup or key; 69 the database does not answer; 73 no
space; 78 restored, and not proven: do not start the portal; 70 other
"""
PARTS = ("database", "documents", "settings")


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="proforma-restore",
        description="Restore database and documents from a backup, into an empty database. Stop the portal before.",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("backup", nargs="?", default="latest", help="name, path or `latest` (default)")
    result.add_argument("--identity", type=Path, metavar="FILE", help="private key of age; mode 0600")
    result.add_argument("--trust", type=Path, metavar="PATH", help="public keys, one of which signed the backup")
    result.add_argument(
        "--unsigned", action="store_true", help="also one without signature, of before they were signed"
    )
    result.add_argument("--only", action="append", choices=PARTS, help="repeatable; default: database and documents")
    result.add_argument("--into", type=Path, metavar="DIR", help="where settings and secrets are unpacked")
    result.add_argument("--replace", action="store_true", help="also when the database is not empty: that is lost")
    result.add_argument("--no-verify", action="store_true", help="leave out the portal's own proof (no release here)")
    result.add_argument(
        "--check",
        action="store_true",
        help="verify signature, files, clients and role, and with --identity open the backup; change nothing",
    )
    result.add_argument(
        "--target",
        action="store_true",
        help="with --check: also whether the database may be restored into: empty (or --replace), its roles there",
    )
    result.add_argument("--configuration", type=Path, default=configuration.PATH, metavar="FILE")
    return result


def restore(given: argparse.Namespace, wanted: Configuration) -> None:
    catalogue.warn(Path(wanted.target))  # `latest` may be an older one than people think
    backup = catalogue.find(Path(wanted.target), given.backup)
    by = _origin(given, wanted, backup)
    _openable(given)
    catalogue.verify(backup)
    said = f"signed by {by}; release {backup.manifest['release'] or 'unknown'}"
    _tell(f"{backup.name}: every file as it was written; {said}")
    parts = given.only or ["database", "documents"]
    return _check(given, wanted, backup, parts) if given.check else _parts(given, wanted, backup, parts)


def _origin(given: argparse.Namespace, wanted: Configuration, backup: Backup) -> str:
    """Who signed the backup: known before anything of it is opened, and before anything is changed."""
    if given.unsigned and given.backup == "latest":
        what, remedy = "The latest one may be anybody's.", "With --unsigned, give the backup's name."
        raise RefusedError(what, where=str(backup.path), kept=NOTHING, remedy=remedy)
    return signing.verified(backup, given.trust or Path(wanted.trusted_keys), unsigned=given.unsigned) or "nobody"


def _openable(given: argparse.Namespace) -> None:
    if given.identity is None and given.check:
        return
    if given.identity is None or not given.identity.is_file():
        remedy = "Bring it to this host for the time of the restore (/run keeps it off the disk), and give --identity."
        raise AbsentError("The private key is not there.", where=str(given.identity or ""), kept=NOTHING, remedy=remedy)


def _check(given: argparse.Namespace, wanted: Configuration, backup: Backup, parts: list[str]) -> None:
    if "database" in parts:
        restoring.check(wanted)
        _tell("database: clients and role are such as a restore wants")
    if "database" in parts and given.target:
        restoring.check_target(backup, wanted, replace=given.replace)
        _tell("database: it may be restored into")
    if given.identity:
        _opens(backup, given.identity)


def _opens(backup: Backup, identity: Path) -> None:
    for name in backup.manifest["files"]:
        with sealing.unsealed(backup.path / name, identity) as plain:
            while plain.read(1024 * 1024):
                pass
        _tell(f"{name}: opens")


def _parts(given: argparse.Namespace, wanted: Configuration, backup: Backup, parts: list[str]) -> None:
    if "database" in parts:
        found = restoring.database(backup, wanted, given.identity, replace=given.replace)
        _tell(f"database: restored; {found['audit_entries']} audit entries, the last as in the backup")
    if "documents" in parts:
        _tell(f"documents: {_documents(given, wanted, backup)}")
    if "settings" in parts:
        restoring.settings(backup, given.identity, given.into or _no_place())
        _tell(f"settings: unpacked into {given.into}")
    if not given.no_verify and {"database", "documents"} & set(parts):
        _tell(f"proven: {restoring.prove(wanted)}")


def _documents(given: argparse.Namespace, wanted: Configuration, backup: Backup) -> str:
    stated = backup.manifest["documents"]
    if stated["kind"] == "bucket":
        return f"they are in the bucket {stated['bucket']}, whose versions are their backup"
    return f"{restoring.documents(backup, wanted, given.identity)} of {stated['files']} written, the others were there"


def _no_place() -> Path:
    raise AbsentError("Settings need a place.", remedy="Give --into DIR, an empty directory.")


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    try:
        restore(given, configuration.read(given.configuration))
        return 0
    except OSError as error:
        failure = from_os(error)
    except OperationError as error:
        failure = error
    sys.stderr.write(f"{failure}\n")
    return failure.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
