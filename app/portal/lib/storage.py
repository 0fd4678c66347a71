"""Where documents are kept: write once, read for ever. A directory by default, a bucket where one is configured."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from portal.domain.errors import PortalError

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,120}){0,7}")
"""no part begins with a point, so no key leads out of the store or to a file that is being written"""
S3_TIMEOUTS = {"connect_timeout": 5, "read_timeout": 60}


class StorageError(PortalError):
    """Bytes could not be kept or read back."""

    code = "storage.error"


class Store(Protocol):
    """Bytes by key. Keys are parts of letters, digits, `.`, `_` and `-`, separated by `/`."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Keep bytes durably. The same bytes again are harmless.

        Raises StorageError, permanent when the key holds other bytes, which are left as they are.
        """

    def get(self, key: str) -> bytes:
        """The bytes. Raises StorageError when there are none."""


def store() -> Store:
    """The store that the settings name: DOCUMENTS_BUCKET, else DOCUMENTS_DIR."""
    if settings.DOCUMENTS_BUCKET:
        return S3Store(settings.DOCUMENTS_BUCKET, settings.S3_ENDPOINT_URL or None)
    return FileStore(Path(settings.DOCUMENTS_DIR))


class FileStore:
    """Files below a directory that only the service's user may enter (0700, files 0600).

    Where an administrator lets a group read the directory itself (2750: web processes hand out what workers made),
    that group may read what is below.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, key: str, data: bytes, media_type: str) -> None:  # noqa: ARG002 - a file has no media type
        path = self._path(key)
        try:
            self._make(path.parent)
            if not self._link(path, data):
                _check_same(key, path.read_bytes(), data)
        except OSError as error:
            raise _failed(f"cannot be written: {error.strerror}", str(path)) from None

    def get(self, key: str) -> bytes:
        path = self._path(key)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise _missing(str(path)) from None
        except OSError as error:
            raise _failed(f"cannot be read: {error.strerror}", str(path)) from None

    def _path(self, key: str) -> Path:
        return self._directory / _checked(key)

    def _make(self, folder: Path) -> None:
        """Every folder below the store as closed as the store itself, whatever the umask says."""
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=0o700 | self._shared(0o050), exist_ok=True)

    def _shared(self, bits: int) -> int:
        """Those of the bits that the store's directory grants its group."""
        return self._directory.stat().st_mode & bits if self._directory.exists() else 0

    def _link(self, path: Path, data: bytes) -> bool:
        """Write aside, then give it its name in one step that never replaces. False when the name is taken."""
        aside = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                os.fchmod(file.fileno(), 0o600 | self._shared(0o040))
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(aside)
        except FileExistsError:
            return False
        finally:
            aside.unlink(missing_ok=True)
        _sync(path.parent)
        return True


class S3Store:
    """Objects in a bucket. S3 checks the SHA-256 on arrival and refuses to replace (If-None-Match)."""

    def __init__(self, bucket: str, endpoint_url: str | None = None) -> None:
        import boto3  # takes a third of a second, and most installations have no bucket
        from botocore.config import Config

        self._bucket = bucket
        config = Config(retries={"mode": "standard", "max_attempts": 4}, **S3_TIMEOUTS)
        self._s3: Any = boto3.client("s3", endpoint_url=endpoint_url, config=config)

    def put(self, key: str, data: bytes, media_type: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        named = {"Bucket": self._bucket, "Key": _checked(key), "ContentType": media_type}
        proof = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": digest, "IfNoneMatch": "*"}
        try:
            self._s3.put_object(**named, **proof, Body=data)
        except ClientError as error:
            if _status(error) != 412:
                raise self._told(error, key) from None
            _check_same(key, self.get(key), data)
        except BotoCoreError as error:
            raise self._told(error, key) from None

    def get(self, key: str) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=_checked(key), ChecksumMode="ENABLED")
            return bytes(answer["Body"].read())
        except ClientError as error:
            if _status(error) == 404:
                raise _missing(self._where(key)) from None
            raise self._told(error, key) from None
        except BotoCoreError as error:
            raise self._told(error, key) from None

    def _where(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def _told(self, error: Exception, key: str) -> StorageError:
        """AWS's own code, for example AccessDenied; its text may name accounts and is left out."""
        response = getattr(error, "response", {})
        code = response.get("Error", {}).get("Code", "") or type(error).__name__
        return _failed(f"cannot be reached or refuses ({code})", self._where(key))


def _checked(key: str) -> str:
    if not KEY.fullmatch(key):
        raise StorageError("This is no key of a document.", where=repr(key[:80]), remedy="Report it as a defect.")
    return key


def _check_same(key: str, kept: bytes, data: bytes) -> None:
    if kept != data:
        raise StorageError(
            f"The store already has other bytes under this name ({len(kept)} instead of {len(data)}).",
            where=key,
            kept="What was stored first is kept.",
            remedy="Find out who wrote to the store; compare its SHA-256 with the document's row.",
        )


def _missing(where: str) -> StorageError:
    remedy = "Restore it from the backup or from the bucket's versions; the document's row has its SHA-256."
    return StorageError("The stored document is gone.", where=where, remedy=remedy)


def _failed(what: str, where: str) -> StorageError:
    remedy = "It is tried again by itself; check space, permissions and reachability of the store."
    return StorageError(f"The store {what}.", where=where, remedy=remedy, permanent=False)


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _sync(folder: Path) -> None:
    """Make the new name itself durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
