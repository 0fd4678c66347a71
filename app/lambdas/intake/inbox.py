"""Where a body is kept and how the portal hears of it. The key is the body's SHA-256: the store is also the memory of
what was seen, so a body that comes again, by whoever, is kept once and told once.

Two objects, since two things can fail: `<kind>/<customer>/<sha256>` is the body, `told/<the same>` says that its
pointer is in the queue. A body without the mark was interrupted, and whoever sends it again has the pointer sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from lambdas.intake.request import Request
from lambdas.shared import aws

TOLD = "told/"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """`known`: the same body was kept and told before, and nothing was done now."""

    sha256: str
    known: bool


def keep(request: Request, body: bytes, content_type: str, now: float) -> Kept:
    """Keep the body and put its pointer into the queue, once. Raises an error of AWS; then the sender comes again."""
    digest = hashlib.sha256(body)
    key = f"{request.kind}/{request.customer}/{digest.hexdigest()}"
    new = _put_once(
        key,
        body,
        content_type,
        {"sha256": digest.hexdigest(), "customer": request.customer, "request-id": request.id},
    )
    if not new and _exists(TOLD + key):
        return Kept(digest.hexdigest(), known=True)
    pointer = _pointer(request, key, digest.hexdigest(), len(body), content_type, now)
    aws.client("sqs").send_message(QueueUrl=aws.variable("EVENTS_QUEUE_URL"), MessageBody=json.dumps(pointer))
    _put_once(TOLD + key, b"", "text/plain", {})
    return Kept(digest.hexdigest(), known=False)


def _pointer(request: Request, key: str, sha256: str, size: int, content_type: str, now: float) -> dict[str, str | int]:
    """The message that manage.py events_consume reads (portal.delivery.services.events)."""
    return {
        "type": "intake",
        "version": SCHEMA,
        "kind": request.kind,
        "customer": request.customer,
        "bucket": aws.variable("INBOX_BUCKET"),
        "key": key,
        "sha256": sha256,
        "bytes": size,
        "content_type": content_type,
        "received_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        "request_id": request.id,
    }


def _put_once(key: str, body: bytes, content_type: str, metadata: dict[str, str]) -> bool:
    """False when there is one of that key. S3 checks the SHA-256 on arrival and encrypts as the bucket says."""
    try:
        aws.client("s3").put_object(
            Bucket=aws.variable("INBOX_BUCKET"),
            Key=key,
            Body=body,
            ContentType=content_type,
            Metadata=metadata,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
            IfNoneMatch="*",
        )
    except aws.AWS_ERRORS as error:
        if aws.status(error) == 412:
            return False
        raise
    return True


def _exists(key: str) -> bool:
    """Needs s3:ListBucket on the bucket: without it S3 answers 403 instead of 404."""
    try:
        aws.client("s3").head_object(Bucket=aws.variable("INBOX_BUCKET"), Key=key)
    except aws.AWS_ERRORS as error:
        if aws.status(error) == 404:
            return False
        raise
    return True
