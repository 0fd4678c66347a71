"""Checks of what is kept on the host: who may read secrets, which certificates end, how old the backup is."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from scripts.operations.doctor.host import ERROR, WARNING, Finding, Host

SECRETS = (
    # pattern below /, the most that its mode may say
    ("etc/credstore/*", 0o600),
    ("etc/proforma/tls/*.key", 0o640),
    ("etc/swanctl/private/*", 0o600),
    ("etc/swanctl/secrets/*", 0o600),
    ("etc/proforma/portal.env", 0o640),
    ("var/lib/proforma-backup-signing/key.pem", 0o600),
)
CLOSED = ("etc/credstore", "etc/swanctl/private")
TRUSTED = ("etc/proforma/release-keys", "etc/proforma/backup-trusted", "usr/local/sbin", "usr/local/lib/proforma")
CERTIFICATES = ("etc/proforma/tls/*.crt", "etc/proforma/*.pem", "etc/swanctl/x509/*", "etc/swanctl/x509ca/*")
LISTS = ("etc/swanctl/x509crl/*",)
SOON, VERY_SOON = 30, 7
LIST_SOON, LIST_VERY_SOON = 14, 3


def secrets(host: Host) -> Iterator[Finding]:
    """No secret can be read, and nothing that decides what runs can be written, by others than it should be."""
    if not host.root_user:
        return
    for pattern, most in SECRETS:
        for path in sorted(host.root.glob(pattern)):
            yield from _mode(path, most)
    for name in CLOSED:
        if (path := host.root / name).is_dir():
            yield from _mode(path, 0o750)
    for path in sorted((host.root / "etc/proforma/credentials").rglob("*.json")):
        yield from _mode(path, 0o640, owners_too=False)
    for name in TRUSTED:
        yield from _writable(host.root / name)


def _writable(folder: Path) -> Iterator[Finding]:
    for path in [folder, *sorted(folder.glob("*"))]:
        if path.exists() and (path.stat().st_uid != 0 or path.stat().st_mode & 0o022):
            yield _exposed(path, "can be changed by others than root")


def _mode(path: Path, most: int, *, owners_too: bool = True) -> Iterator[Finding]:
    if path.is_symlink() or not path.exists():
        return
    status = path.stat()
    if owners_too and status.st_uid != 0:
        yield _exposed(path, "does not belong to root")
    elif stat.S_IMODE(status.st_mode) & 0o777 & ~most:
        yield _exposed(path, f"has mode {stat.S_IMODE(status.st_mode):04o}, at most {most:04o} is right")


def _exposed(path: Path, how: str) -> Finding:
    cause = "It was copied or edited by hand, or restored without its owner."
    remedy = f"ls -l {path}; play appliance.yml, which puts it right. If others may have read it, replace the secret."
    return Finding("secrets", ERROR, f"It {how}.", cause, remedy, str(path))


def certificates(host: Host) -> Iterator[Finding]:
    """Certificates and revocation lists that lie here, by when they end."""
    found = [
        (path, "x509", "-enddate", SOON, VERY_SOON) for pattern in CERTIFICATES for path in host.root.glob(pattern)
    ]
    found += [(path, "crl", "-nextupdate", LIST_SOON, LIST_VERY_SOON) for p in LISTS for path in host.root.glob(p)]
    for path, kind, what, soon, very_soon in sorted(found):
        if path.is_file() and (days := _days_left(host, path, kind, what)) is not None:
            host.facts.setdefault("days_left", {})[str(path)] = round(days, 1)
            if days < soon:
                yield _ending(path, days, ERROR if days < very_soon else WARNING, kind)


def _days_left(host: Host, path: Path, kind: str, what: str) -> float | None:
    """None for what holds none such."""
    said = host.run("openssl", kind, "-noout", what, "-in", str(path))
    if said.code or "=" not in said.out:
        return None
    end = datetime.strptime(said.out.strip().partition("=")[2], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
    return (end - datetime.now(UTC)).total_seconds() / 86400


def _ending(path: Path, days: float, level: str, kind: str) -> Finding:
    thing = "revocation list" if kind == "crl" else "certificate"
    what = f"The {thing} has ended {-days:.0f} days ago." if days < 0 else f"The {thing} ends in {days:.0f} days."
    remedy = "Renew it with ./scripts/pki (docs/pki.md), then play rotate_certificates.yml."
    return Finding("certificates", level, what, "Nobody has renewed it.", remedy, str(path))


def backup(host: Host) -> Iterator[Finding]:
    """The last good one is not older than it may be, and the last run was good."""
    if not host.path("/etc/proforma/backup.json").exists():
        return
    status, hours = host.json("/var/lib/proforma-backup/status.json"), float(host.settings.get("backup_hours", 26))
    good, last = status.get("last_good") or {}, status.get("last_run") or {}
    age = _hours_since(good.get("at", ""))
    host.facts["backup"] = {"age_hours": None if age is None else round(age, 1), "last_run_ok": last.get("ok")}
    remedy = "systemctl start proforma-backup.service; journalctl -u proforma-backup.service -n 30"
    if age is None:
        yield Finding("backup", ERROR, "There is no backup.", "None was ever made here, or all failed.", remedy)
    elif age > hours:
        cause = "The timer does not run, or backups fail."
        yield Finding("backup", ERROR, f"The last good backup is {age:.0f} hours old.", cause, remedy)
    if last.get("ok") is False:
        cause = str(last.get("problem", "See the journal."))
        yield Finding("backup", ERROR, "The last backup failed.", cause, remedy)


def _hours_since(text: str) -> float | None:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds() / 3600
    except (ValueError, TypeError):
        return None
