"""The backups that there are: one directory each, named after the moment; which are kept, and what each states."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.operations.errors import NOTHING, AbsentError, FullError, OperationError, RefusedError
from scripts.operations.files import sha256

MANIFEST, SIGNATURE = "manifest.json", "manifest.json.sig"
FORM = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"\d{8}T\d{6}Z")
SCRATCH = Path("/var/tmp")  # noqa: S108 - only for directories of TemporaryDirectory; /tmp may be memory


@dataclass(frozen=True, slots=True)
class Backup:
    """A complete backup: its directory was renamed to its name last of all. `raw`: the manifest's bytes, as signed."""

    path: Path
    manifest: dict[str, Any]
    raw: bytes

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def made_at(self) -> datetime:
        return datetime.strptime(self.name, FORM).replace(tzinfo=UTC)

    @property
    def size(self) -> int:
        return sum(int(one["size"]) for one in self.manifest["files"].values())

    def file(self, name: str) -> Path | None:
        """The sealed part, None when this backup has none such."""
        return self.path / name if name in self.manifest["files"] else None


def opened(path: Path) -> Backup:
    """Raises AbsentError, RefusedError for what is no whole backup."""
    try:
        manifest = json.loads(raw := (path / MANIFEST).read_bytes())
        if manifest["format"] != 1 or not _NAME.fullmatch(path.name):
            raise ValueError("another format, or renamed")
        backup = Backup(path, manifest, raw)
        _ = backup.size, backup.made_at  # raise what `list` and `prune` would otherwise meet
        return backup
    except FileNotFoundError:
        raise AbsentError("There is no such backup.", where=str(path), remedy="See `proforma-backup list`.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        remedy = "Take another backup; see `proforma-backup list`."
        raise RefusedError(f"Its manifest cannot be read: {error}.", where=str(path), remedy=remedy) from None


def surveyed(target: Path) -> tuple[list[Backup], list[OperationError]]:
    """The whole ones, oldest first, and what is wrong with each damaged one, which stays on disk."""
    whole: list[Backup] = []
    damaged: list[OperationError] = []
    for path in sorted(path for path in target.glob("*Z") if _NAME.fullmatch(path.name)):
        try:
            whole.append(opened(path))
        except AbsentError:
            damaged.append(RefusedError("It has no manifest.", where=str(path), remedy="Find out what removed it."))
        except RefusedError as error:
            damaged.append(error)
    return whole, damaged


def there(target: Path) -> list[Backup]:
    """Oldest first. One that is damaged must not stop the next backup: it is left out here, `surveyed` names it."""
    return surveyed(target)[0]


def warn(target: Path) -> None:
    """Names the damaged ones on standard error."""
    for error in surveyed(target)[1]:
        sys.stderr.write(f"Damaged, left out and left on disk: {error}\n")


def find(target: Path, wanted: str) -> Backup:
    """By name, by path, or `latest`. Raises AbsentError."""
    if wanted == "latest":
        known = there(target)
        if not known:
            raise AbsentError("There is no backup.", where=str(target), remedy="Is the target mounted?")
        return known[-1]
    return opened(Path(wanted) if "/" in wanted else target / wanted)


def verify(backup: Backup) -> None:
    """Every sealed file is there with the bytes of its manifest. Raises RefusedError."""
    for name in backup.manifest["files"]:
        _as_written(backup.path / name, backup.manifest["files"][name], backup.path / name)


def _as_written(path: Path, stated: dict[str, Any], where: Path) -> None:
    if not path.is_file() or path.stat().st_size != stated["size"] or sha256(path) != stated["sha256"]:
        remedy = "Take another backup, and find out what changed this one."
        what = "A file of the backup is not the one that was written."
        raise RefusedError(what, where=str(where), kept=NOTHING, remedy=remedy)


@contextlib.contextmanager
def held(backup: Backup, name: str) -> Iterator[Path]:
    """A copy of a sealed part, verified, where nobody else can write: the place of backups may change at any time.

    Raises AbsentError, RefusedError, FullError.
    """
    path = backup.file(name)
    if path is None:
        raise AbsentError(f"This backup holds no {name}.", where=str(backup.path), remedy="Take another backup.")
    stated = backup.manifest["files"][name]
    if shutil.disk_usage(SCRATCH).free < stated["size"]:
        remedy = f"Free {stated['size'] // 2**20 + 1} MB there."
        raise FullError("There is no room for a copy of it.", where=str(SCRATCH), kept=NOTHING, remedy=remedy)
    with tempfile.TemporaryDirectory(prefix="proforma-restore-", dir=SCRATCH) as folder:
        copy = Path(folder, name)
        shutil.copyfile(path, copy)
        _as_written(copy, stated, path)
        try:
            yield copy
        except OperationError as error:
            if error.where != str(copy):
                raise
            raise type(error)(error.what, where=str(path), kept=error.kept, remedy=error.remedy) from None


def to_remove(backups: list[Backup], now: datetime, days: int, months: int) -> list[Backup]:
    """All but the last `days` days, the first of each of the last `months` months, and the newest."""
    firsts: dict[str, Backup] = {}
    for backup in backups:
        firsts.setdefault(f"{backup.made_at:%Y-%m}", backup)
    kept = {one.name for month, one in sorted(firsts.items())[-months:]} if months else set()
    kept |= {one.name for one in backups if (now - one.made_at).days < days} | {b.name for b in backups[-1:]}
    return [one for one in backups if one.name not in kept]


def expendable(backups: list[Backup], now: datetime, days: int, months: int) -> list[Backup]:
    """`to_remove` before a new one is made: the newest whose bytes are good stays, however old it is."""
    good = next((one for one in reversed(backups) if _is_good(one)), None)
    return [one for one in to_remove(backups, now, days, months) if one is not good]


def _is_good(backup: Backup) -> bool:
    try:
        verify(backup)
        return True
    except (OSError, OperationError):
        return False


def remove(backup: Backup) -> None:
    """Out of sight at once, then deleted: no half backup is ever listed."""
    gone = backup.path.with_name(f".partial-gone-{backup.name}")
    backup.path.rename(gone)
    shutil.rmtree(gone)
