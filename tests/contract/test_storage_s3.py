"""The store in a bucket, against moto's S3 server over HTTP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from portal.lib.storage import S3Store, StorageError, store

KEY = "PF-2026-000001/abc/PF-2026-000001.pdf"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    resource = boto3.resource("s3", endpoint_url=endpoint)
    made = resource.create_bucket(Bucket="documents", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield made
    made.objects.all().delete()
    made.delete()


def test_what_is_put_can_be_got_with_its_checksum_and_media_type(bucket: Any, endpoint: str) -> None:
    s3 = S3Store("documents", endpoint)
    s3.put(KEY, b"bytes", "application/pdf")
    assert s3.get(KEY) == b"bytes"
    head = bucket.meta.client.head_object(Bucket="documents", Key=KEY, ChecksumMode="ENABLED")
    assert head["ContentType"] == "application/pdf"
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"bytes").digest()).decode()


def test_the_same_bytes_again_are_harmless_and_other_bytes_are_refused(bucket: Any, endpoint: str) -> None:
    s3 = S3Store("documents", endpoint)
    s3.put(KEY, b"first", "text/plain")
    s3.put(KEY, b"first", "text/plain")
    with pytest.raises(StorageError, match="other bytes") as refused:
        s3.put(KEY, b"second", "text/plain")
    assert refused.value.permanent
    assert s3.get(KEY) == b"first"


def test_a_missing_document_says_what_to_do(bucket: Any, endpoint: str) -> None:
    with pytest.raises(StorageError, match="Restore it") as missing:
        S3Store("documents", endpoint).get(KEY)
    assert missing.value.permanent


def test_a_missing_bucket_and_a_dead_endpoint_are_tried_again(bucket: Any, endpoint: str) -> None:
    for s3 in (S3Store("nobodys", endpoint), S3Store("documents", "http://127.0.0.1:1")):
        with pytest.raises(StorageError) as failed:
            s3.put(KEY, b"x", "text/plain")
        assert not failed.value.permanent


def test_the_settings_choose_the_bucket(bucket: Any, endpoint: str, settings: Any) -> None:
    settings.DOCUMENTS_BUCKET, settings.S3_ENDPOINT_URL = "documents", endpoint
    store().put(KEY, b"bytes", "text/plain")
    assert [one.key for one in bucket.objects.all()] == [KEY]
