"""/etc/proforma/backup.json: what is backed up, for whom it is sealed, where it goes."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from scripts.operations.errors import AbsentError, OperationError

PATH = Path("/etc/proforma/backup.json")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Paths of this host. With a `documents_bucket` the bucket's versions are the documents' backup.

    recipients: public keys of age; who has one of their private halves can read the backups, and nobody on this host.
    target_must_be_mounted: refuse when the target is not a file system of its own, for example a share that is away.
    signing_key: Ed25519, made on this host, which it never leaves: it is in no backup.
    trusted_keys: whose backups may be restored here. user: whom PostgreSQL's programs run as in a restore.
    """

    target: str = "/var/backups/proforma"
    target_must_be_mounted: bool = False
    state: str = "/var/lib/proforma-backup"
    recipients: str = "/etc/proforma/backup-recipients"
    signing_key: str = "/var/lib/proforma-backup-signing/key.pem"
    trusted_keys: str = "/etc/proforma/backup-trusted"
    user: str = "proforma-backup"
    read_url: str = "/etc/credstore/proforma.backup_database_url"
    owner_url: str = "/etc/credstore/proforma.migration_database_url"
    documents_directory: str = "/var/lib/proforma/documents"
    documents_bucket: str = ""
    settings: tuple[str, ...] = ("/etc/proforma", "/etc/credstore/proforma.*")
    settings_left_out: tuple[str, ...] = ("/etc/proforma/tls/*.key*",)
    keep_days: int = 14
    keep_months: int = 13
    verify: tuple[str, ...] = ("/usr/local/sbin/proforma-manage", "audit_verify", "--json")


def read(path: Path = PATH) -> Configuration:
    """Raises AbsentError, OperationError."""
    try:
        given = json.loads(path.read_text())
    except FileNotFoundError:
        remedy = "Apply the role `backup` to this host, or name another file with --configuration."
        raise AbsentError("This host has no configuration for backups.", where=str(path), remedy=remedy) from None
    except ValueError as error:
        raise OperationError(f"It cannot be read: {error}.", where=str(path), remedy="Apply the role again.") from None
    known = {field.name for field in fields(Configuration)}
    if unknown := sorted(set(given) - known):
        raise OperationError(f"It names what is unknown: {', '.join(unknown)}.", where=str(path))
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    return Configuration(**values)
