"""proforma-backup: make, list, verify and remove backups. Started by proforma-backup.service, or by hand."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.operations.backup import catalogue, configuration, making, signing
from scripts.operations.backup.configuration import Configuration
from scripts.operations.errors import OperationError, from_os

EXITS = """\
exit codes: 0 done; 65 refused (target not mounted, a backup that was altered or is not signed); 66 no configuration,
key or backup; 69 the database does not answer, or a program is missing; 73 no space; 75 another run is at work; 70
anything else
"""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="proforma-backup",
        description="Back up database, documents and settings of this host, sealed.",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--configuration", type=Path, default=configuration.PATH, metavar="FILE")
    commands = result.add_subparsers(dest="command", required=True)
    make = commands.add_parser("make", help="a new backup; then remove those that are not kept any longer")
    make.add_argument("--reason", default="", help="noted in the manifest, for example a release")
    commands.add_parser("list", help="the backups that there are").add_argument("--json", action="store_true")
    verify = commands.add_parser(
        "verify", help="a backup is signed, and every file of it has the bytes that were written"
    )
    verify.add_argument("backup", nargs="?", default="latest", help="name, path or `latest`")
    commands.add_parser("key", help="make the key that signs, where there is none; where its public half is, as JSON")
    commands.add_parser("status", help="how the last run ended, and the last good one, as JSON")
    commands.add_parser("prune", help="remove what is not kept any longer")
    return result


def make(given: argparse.Namespace, wanted: Configuration) -> None:
    diary = making.Diary(wanted)
    try:
        made = making.make(wanted, reason=given.reason)
    except OSError as error:
        diary.bad(failure := from_os(error))
        raise failure from error
    except OperationError as error:
        diary.bad(error)
        raise
    diary.good(made)
    _tell(f"{made.path}: {made.size // 1024} KB, {made.manifest['database'].get('audit_entries', 0)} audit entries")
    prune(given, wanted)


def list_(given: argparse.Namespace, wanted: Configuration) -> None:
    found = catalogue.there(Path(wanted.target))
    catalogue.warn(Path(wanted.target))
    if given.json:
        _tell(json.dumps([{"name": one.name, "bytes": one.size, **one.manifest} for one in found]))
        return
    for one in found:
        release, reason = one.manifest.get("release") or "-", one.manifest.get("reason", "")
        unsigned = "" if (one.path / catalogue.SIGNATURE).exists() else "NOT SIGNED  "
        _tell(f"{one.name}  {one.size // 1024:>8} KB  release {release}  {unsigned}{reason}")


def verify(given: argparse.Namespace, wanted: Configuration) -> None:
    backup = catalogue.find(Path(wanted.target), given.backup)
    by = signing.verified(backup, Path(wanted.trusted_keys))
    catalogue.verify(backup)
    _tell(f"{backup.name}: {len(backup.manifest['files'])} files as they were written, signed by {by}")


def key(_given: argparse.Namespace, wanted: Configuration) -> None:
    path = Path(wanted.signing_key)
    made = signing.key_made(path)
    _tell(json.dumps({"id": signing.signer(path).id, "made": made, "public": str(signing.public_half(path))}))


def status(_given: argparse.Namespace, wanted: Configuration) -> None:
    _tell(str(making.Diary(wanted)))


def prune(_given: argparse.Namespace, wanted: Configuration) -> None:
    known = catalogue.there(Path(wanted.target))
    catalogue.warn(Path(wanted.target))
    for one in catalogue.to_remove(known, datetime.now(UTC), wanted.keep_days, wanted.keep_months):
        catalogue.remove(one)
        _tell(f"{one.name} is removed")


COMMANDS = {"make": make, "list": list_, "verify": verify, "key": key, "status": status, "prune": prune}


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    try:
        COMMANDS[given.command](given, configuration.read(given.configuration))
        return 0
    except OSError as error:
        failure = from_os(error)
    except OperationError as error:
        failure = error
    sys.stderr.write(f"{failure}\n")
    return failure.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
