"""What S3 itself says of one version of a document, and what is wrong with it."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lambdas.shared import aws
from lambdas.vault.notification import Notice

KEY_DIGEST = re.compile(r"(?:^|/)([0-9a-f]{64})(?:/|$)")
"""the portal writes <number>/<SHA-256>/<name> (portal.documents.services)"""
CHUNK = 1024 * 1024
TOLERANCE = timedelta(days=1)
MOST_OLDER = 20


@dataclass(frozen=True, slots=True)
class Version:
    """`id`: "" in a bucket without versions. `how`: "attribute", the SHA-256 that S3 checked on arrival, or "stream",
    computed here from all bytes."""

    id: str
    sha256: str
    how: str
    size: int
    created: datetime
    lock_mode: str
    lock_until: datetime | None


def look(notice: Notice) -> Version | None:
    """None when there is no such version; the current one when the notice names none. Raises an error of AWS."""
    named = {"Bucket": notice.bucket, "Key": notice.key}
    if notice.version_id:
        named["VersionId"] = notice.version_id
    try:
        head = aws.client("s3").head_object(**named, ChecksumMode="ENABLED")
    except aws.AWS_ERRORS as error:
        if aws.status(error) == 404:
            return None
        raise
    version_id = str(head.get("VersionId", ""))
    sha256, how = _digest(head, named | ({"VersionId": version_id} if version_id else {}))
    return Version(
        id="" if version_id == "null" else version_id,
        sha256=sha256,
        how=how,
        size=int(head["ContentLength"]),
        created=head["LastModified"],
        lock_mode=str(head.get("ObjectLockMode", "")),
        lock_until=head.get("ObjectLockRetainUntilDate"),
    )


def findings(notice: Notice, version: Version) -> list[str]:
    """What is wrong, in words of the README; empty when nothing is. Raises an error of AWS."""
    return [*_key_findings(notice, version), *_lock_findings(version), *_history_findings(notice, version)]


def _key_findings(notice: Notice, version: Version) -> Iterator[str]:
    named = KEY_DIGEST.search(notice.key)
    if named is None:
        yield "unexpected_key"
    elif named[1] != version.sha256:
        yield "checksum_differs"


def _lock_findings(version: Version) -> Iterator[str]:
    if not version.lock_mode or version.lock_until is None:
        yield "not_locked"
        return
    due = version.created + timedelta(days=int(aws.variable("LOCK_DAYS")))
    if version.lock_until < due - TOLERANCE:
        yield "lock_too_short"
    if version.lock_until > due + TOLERANCE:
        yield "lock_too_long"


def _history_findings(notice: Notice, version: Version) -> Iterator[str]:
    """An earlier version with other bytes: somebody wrote over a document. Whatever the order of events, the later
    version's own event finds the earlier one, for it is listed already."""
    older = _older(notice, version.created)
    if any((other := look(one)) is not None and other.sha256 != version.sha256 for one in older):
        yield "replaced"


def _older(notice: Notice, created: datetime) -> list[Notice]:
    listed = aws.client("s3").list_object_versions(Bucket=notice.bucket, Prefix=notice.key, MaxKeys=MOST_OLDER)
    return [
        Notice(notice.bucket, notice.key, one["VersionId"], created=True, event_time="")
        for one in listed.get("Versions", [])
        if one["Key"] == notice.key and one["VersionId"] != notice.version_id and one["LastModified"] <= created
    ]


def _digest(head: dict[str, Any], named: dict[str, str]) -> tuple[str, str]:
    """S3's own SHA-256 covers the whole object unless it was sent in parts: then it ends in -<number of parts>."""
    attribute = str(head.get("ChecksumSHA256", ""))
    trusted = os.environ.get("ALWAYS_READ", "") != "true"
    if trusted and attribute and "-" not in attribute and head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
        return base64.b64decode(attribute).hex(), "attribute"
    digest = hashlib.sha256()
    for chunk in aws.client("s3").get_object(**named)["Body"].iter_chunks(CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), "stream"
