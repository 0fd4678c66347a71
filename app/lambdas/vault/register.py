"""The register: an object for each version of a document, in a bucket with object lock that nobody else writes to.

Key: <documents bucket>/<key>/<version id>.json. An entry is written once and never changed; what it says follows from
S3 alone, so a second writing would say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambdas.shared import aws
from lambdas.vault.document import Version
from lambdas.vault.notification import Notice

SCHEMA = 1


def entry(notice: Notice, version: Version, findings: list[str]) -> dict[str, Any]:
    return {
        "version": SCHEMA,
        "bucket": notice.bucket,
        "key": notice.key,
        "version_id": notice.version_id,
        "sha256": version.sha256,
        "how": version.how,
        "bytes": version.size,
        "created_at": version.created.isoformat(),
        "lock_mode": version.lock_mode,
        "lock_until": version.lock_until.isoformat() if version.lock_until else "",
        "findings": findings,
    }


def key_of(notice: Notice) -> str:
    return f"{notice.bucket}/{notice.key}/{notice.version_id}.json"


def read(notice: Notice) -> Mapping[str, Any] | None:
    """The entry of a version; None when there is none. Raises an error of AWS, ValueError when it is no entry."""
    try:
        found = aws.client("s3").get_object(Bucket=aws.variable("REGISTER_BUCKET"), Key=key_of(notice))
    except aws.AWS_ERRORS as error:
        if aws.status(error) == 404:
            return None
        raise
    data = json.loads(found["Body"].read())
    if not isinstance(data, Mapping):
        raise ValueError("an entry of the register is no object")
    return data


def write(notice: Notice, made: Mapping[str, Any]) -> None:
    """Unless there is one, which another invocation of the same event has just written. Raises an error of AWS."""
    body = json.dumps(made, indent=1, sort_keys=True).encode() + b"\n"
    named = {"Bucket": aws.variable("REGISTER_BUCKET"), "Key": key_of(notice)}
    try:
        aws.client("s3").put_object(
            **named, Body=body, ContentType="application/json", ChecksumAlgorithm="SHA256", IfNoneMatch="*"
        )
    except aws.AWS_ERRORS as error:
        if aws.status(error) != 412:
            raise
