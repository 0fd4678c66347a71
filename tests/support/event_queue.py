"""The event queue with its dead letters and the inbox bucket, in moto, as Terraform makes them."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
MOST_RECEIVES = 3
_COUNT = itertools.count(1)
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def moto_running() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    yield endpoint
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)  # servers of one process share what they hold
    server.stop()


@dataclass(frozen=True)
class Events:
    endpoint: str
    queue_url: str
    dead_url: str
    bucket: str
    sqs: Any
    s3: Any

    def send(self, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=text)

    def intake(self, raw: bytes, **changes: Any) -> None:
        """What the intake function does: the body into the bucket, its pointer into the queue."""
        digest = hashlib.sha256(raw).hexdigest()
        customer = changes.get("customer", "acme")
        key = f"acknowledgements/{customer}/{digest}"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=raw)
        pointer = {
            "type": "intake",
            "version": 1,
            "kind": "acknowledgements",
            "customer": customer,
            "bucket": self.bucket,
            "key": key,
            "sha256": digest,
            "bytes": len(raw),
            "content_type": "text/xml",
            "received_at": "2026-04-02T09:30:00.000+00:00",
            "request_id": "7d6d3c02",
        }
        self.send(pointer | changes)

    def waiting(self) -> list[str]:
        return self._bodies(self.queue_url)

    def dead(self) -> list[str]:
        """Taken away as they are read."""
        return self._bodies(self.dead_url)

    def _bodies(self, url: str) -> list[str]:
        found = []
        while got := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for one in got:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
                found.append(one["Body"])
        return found


def events_open(endpoint: str, monkeypatch: pytest.MonkeyPatch, *, visibility: int = 30) -> Events:
    """New queues and a bucket; boto3 finds them by the environment."""
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    sqs, s3, number = boto3.client("sqs"), boto3.client("s3"), next(_COUNT)
    dead = sqs.create_queue(QueueName=f"events-dead-{number}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
    attributes = {"VisibilityTimeout": str(visibility), "RedrivePolicy": redrive}
    queue = sqs.create_queue(QueueName=f"events-{number}", Attributes=attributes)["QueueUrl"]
    bucket = f"inbox-{number}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return Events(endpoint, queue, dead, bucket, sqs, s3)
