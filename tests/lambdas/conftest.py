"""AWS for the Lambdas: moto's server over HTTP, with the buckets, queues, topic and secrets that Terraform makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from lambdas.intake import senders
from lambdas.shared import aws

REGION = "eu-central-1"
SECRET = "answers-by-the-tunnel"
SENDER = {"addresses": ["10.40.1.0/24"], "kinds": ["acknowledgements"], "secrets": [SECRET]}


@dataclass(frozen=True)
class Cloud:
    """What a test looks into."""

    endpoint: str
    environment: dict[str, str]

    def client(self, service: str) -> Any:
        return _client(service, self.endpoint)

    def keys(self, bucket: str) -> list[str]:
        return [one["Key"] for one in self.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]

    def messages(self, queue: str) -> list[Any]:
        """Bodies, read as JSON and taken away."""
        sqs, found = self.client("sqs"), []
        while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for one in got:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
                found.append(json.loads(one["Body"]))
        return found

    def sender(self, customer: str, **secret: Any) -> None:
        text = json.dumps({**SENDER, **secret})
        self.client("secretsmanager").create_secret(Name=f"proforma/intake/{customer}", SecretString=text)
        senders._known.clear()


@cache
def _client(service: str, endpoint: str) -> Any:
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    aws.client.cache_clear()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Holds what is made here and nothing after the test; the functions' own environment points at it."""
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = Cloud(moto_server, environment)
    environment |= _furnish(made)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    senders._known.clear()  # what a warm container remembers
    yield made
    requests.post(f"{moto_server}/moto-api/reset", timeout=10)  # servers of one process share what they hold


def _furnish(cloud: Cloud) -> dict[str, str]:
    s3, place = cloud.client("s3"), {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    s3.create_bucket(Bucket="inbox", **place)
    for bucket in ("documents", "register"):
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True, **place)
    queue = cloud.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    heard = cloud.client("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    topic = cloud.client("sns").create_topic(Name="alarms")["TopicArn"]
    cloud.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:123456789012:alarms",
        Attributes={"RawMessageDelivery": "true"},
    )
    return {
        "INBOX_BUCKET": "inbox",
        "EVENTS_QUEUE_URL": queue,
        "SENDERS_PREFIX": "proforma/intake/",
        "REGISTER_BUCKET": "register",
        "ALARM_TOPIC_ARN": topic,
        "ALARM_QUEUE_URL": heard,
        "LOCK_DAYS": "365",
    }


def lines(captured: str) -> list[dict[str, Any]]:
    """The log lines of a function; every one must be an object of JSON."""
    return [json.loads(line) for line in captured.splitlines()]
