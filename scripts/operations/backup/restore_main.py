"""proforma-restore: bring a backup back, and prove that it is what was backed up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.operations.backup import catalogue, configuration, restoring
from scripts.operations.backup.catalogue import Backup
from scripts.operations.backup.configuration import Configuration
from scripts.operations.errors import AbsentError, OperationError, from_os

EXITS = """\
exit codes: 0 restored and proven; 65 refused, nothing was changed (not empty, altered, wrong key); 66 no such backup
or key; 69 the database does not answer; 73 no space; 78 restored, and not proven: do not start the portal; 70 other
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
    result.add_argument("--identity", type=Path, required=True, metavar="FILE", help="private key of age; mode 0600")
    result.add_argument("--only", action="append", choices=PARTS, help="repeatable; default: database and documents")
    result.add_argument("--into", type=Path, metavar="DIR", help="where settings and secrets are unpacked")
    result.add_argument("--replace", action="store_true", help="also when the database is not empty: that is lost")
    result.add_argument("--no-verify", action="store_true", help="leave out the portal's own proof (no release here)")
    result.add_argument("--check", action="store_true", help="verify the backup and open it; change nothing")
    result.add_argument("--configuration", type=Path, default=configuration.PATH, metavar="FILE")
    return result


def restore(given: argparse.Namespace, wanted: Configuration) -> None:
    catalogue.warn(Path(wanted.target))  # `latest` may be an older one than people think
    backup = catalogue.find(Path(wanted.target), given.backup)
    if not given.identity.is_file():
        remedy = "Bring the key to this host for the time of the restore (/run keeps it off the disk)."
        raise AbsentError("The private key is not there.", where=str(given.identity), remedy=remedy)
    catalogue.verify(backup)
    _tell(f"{backup.name}: every file as it was written; release {backup.manifest['release'] or 'unknown'}")
    if given.check:
        return _check(backup, given.identity)
    return _parts(given, wanted, backup, given.only or ["database", "documents"])


def _check(backup: Backup, identity: Path) -> None:
    from scripts.operations.backup import sealing

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
