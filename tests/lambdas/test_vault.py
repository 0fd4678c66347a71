"""The witness of checksums: what is stored is noted, and what should never happen is told."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from lambdas.vault import handler as module
from lambdas.vault import register
from lambdas.vault.notification import Notice
from tests.lambdas.conftest import Cloud, lines

EVENTS = Path(module.__file__).parent / "events"
PDF = b"%PDF-1.7 a proforma"


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def key_of(data: bytes, name: str = "PF-2026-000001.pdf") -> str:
    return f"PF-2026-000001/{hashlib.sha256(data).hexdigest()}/{name}"


def store(cloud: Cloud, data: bytes = PDF, *, key: str = "", days: float | None = 365, **extra: Any) -> tuple[str, str]:
    """As the portal and the bucket's default lock do it: (key, version id)."""
    if days is not None:
        extra |= {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=days)}
    key = key or key_of(data)
    sums = {} if "CopySource" in extra else {"ChecksumAlgorithm": "SHA256"}
    answer = cloud.client("s3").put_object(Bucket="documents", Key=key, Body=data, **sums, **extra)
    return key, answer["VersionId"]


def record(key: str, version: str, *, name: str = "object_created", message_id: str = "m-1") -> dict[str, Any]:
    """A record of the payload file that speaks of this object."""
    one = copy.deepcopy(payload(name)["Records"][0])
    body = json.loads(one["body"])
    body["Records"][0]["s3"]["object"] |= {"key": quote_plus(key, safe="/"), "versionId": version}
    return {**one, "messageId": message_id, "body": json.dumps(body)}


def deliver(*records: dict[str, Any]) -> list[str]:
    """Ids of the messages that come back."""
    answer = module.handler({"Records": list(records)}, None)
    assert set(answer) == {"batchItemFailures"}
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def entry(cloud: Cloud, key: str, version: str) -> dict[str, Any]:
    stored = cloud.client("s3").get_object(Bucket="register", Key=f"documents/{key}/{version}.json")
    found: dict[str, Any] = json.loads(stored["Body"].read())
    return found


def alarms(cloud: Cloud) -> list[list[str]]:
    """Findings of each message that people got."""
    return [one["findings"] for one in cloud.messages(cloud.environment["ALARM_QUEUE_URL"])]


@pytest.fixture
def read_lines(capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda: lines(capsys.readouterr().out)


def test_a_stored_document_is_noted_with_its_checksum_and_lock(cloud: Cloud, read_lines: Any) -> None:
    key, version = store(cloud)
    assert deliver(record(key, version)) == []
    noted = entry(cloud, key, version)
    assert (noted["sha256"], noted["bytes"], noted["how"]) == (hashlib.sha256(PDF).hexdigest(), len(PDF), "attribute")
    assert (noted["lock_mode"], noted["findings"]) == ("GOVERNANCE", [])
    assert (noted["bucket"], noted["key"], noted["version_id"]) == ("documents", key, version)
    assert [line["event"] for line in read_lines()] == ["document_registered"]
    assert alarms(cloud) == []


def test_without_a_checksum_of_s3s_own_every_byte_is_read(cloud: Cloud) -> None:
    data = b"x" * 3_000_000
    key = key_of(data)
    until = datetime.now(UTC) + timedelta(days=365)
    version = cloud.client("s3").put_object(
        Bucket="documents", Key=key, Body=data, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )["VersionId"]
    deliver(record(key, version))
    assert (entry(cloud, key, version)["how"], alarms(cloud)) == ("stream", [])


def test_every_byte_is_read_where_that_is_asked_for(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALWAYS_READ", "true")
    key, version = store(cloud)
    deliver(record(key, version))
    assert entry(cloud, key, version)["how"] == "stream"


def test_a_document_that_is_not_what_its_key_says_raises_an_alarm_and_is_noted_as_it_is(
    cloud: Cloud, read_lines: Any
) -> None:
    key, version = store(cloud, b"forged", key=key_of(PDF))
    assert deliver(record(key, version)) == []
    assert alarms(cloud) == [["checksum_differs"]]
    noted = entry(cloud, key, version)
    assert (noted["sha256"], noted["findings"]) == (hashlib.sha256(b"forged").hexdigest(), ["checksum_differs"])
    alarm, metric, _ = read_lines()
    assert (alarm["level"], alarm["event"], alarm["findings"]) == ("ERROR", "document_alarm", ["checksum_differs"])
    assert metric["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] == "DocumentAlarm"


@pytest.mark.parametrize(("days", "finding"), [(None, "not_locked"), (300, "lock_too_short"), (400, "lock_too_long")])
def test_a_lock_that_is_missing_or_of_another_length_raises_an_alarm(
    cloud: Cloud, days: float | None, finding: str
) -> None:
    key, version = store(cloud, days=days)
    deliver(record(key, version))
    assert alarms(cloud) == [[finding]]


def test_what_the_portal_never_writes_raises_an_alarm(cloud: Cloud) -> None:
    key, version = store(cloud, key="notes/shopping list+.txt")
    deliver(record(key, version))
    assert alarms(cloud) == [["unexpected_key"]]
    assert entry(cloud, key, version)["key"] == key


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "out of order"])
def test_a_document_that_is_written_over_raises_one_alarm_in_whatever_order_the_events_come(
    cloud: Cloud, order: tuple[int, int]
) -> None:
    key, first = store(cloud)
    _, second = store(cloud, b"forged", key=key)
    records = [record(key, first, message_id="m-1"), record(key, second, message_id="m-2")]
    for place in order:
        deliver(records[place])
    found = [one for findings in alarms(cloud) for one in findings]
    assert set(found) == {"checksum_differs", "replaced"}
    assert "replaced" in entry(cloud, key, second)["findings"]
    assert entry(cloud, key, first)["sha256"] == hashlib.sha256(PDF).hexdigest()


def test_the_same_bytes_again_as_after_a_restore_are_harmless(cloud: Cloud) -> None:
    key, first = store(cloud)
    _, second = store(cloud)
    deliver(record(key, first), record(key, second, message_id="m-2"))
    assert alarms(cloud) == []


def test_an_event_that_comes_twice_changes_nothing_and_alarms_once(cloud: Cloud, read_lines: Any) -> None:
    key, version = store(cloud, b"forged", key=key_of(PDF))
    for _ in range(3):
        assert deliver(record(key, version)) == []
    assert len(alarms(cloud)) == 1
    assert [line["event"] for line in read_lines() if line["event"] != "metric"][2:] == ["document_known"] * 2
    assert len(cloud.keys("register")) == 1


def test_an_entry_is_never_replaced_and_one_that_differs_raises_an_alarm(cloud: Cloud) -> None:
    key, version = store(cloud)
    forged = json.dumps({"sha256": "0" * 64}).encode()
    cloud.client("s3").put_object(Bucket="register", Key=f"documents/{key}/{version}.json", Body=forged)
    assert deliver(record(key, version)) == []
    assert alarms(cloud) == [["register_differs"]]
    assert entry(cloud, key, version) == {"sha256": "0" * 64}


def test_of_two_invocations_at_the_same_moment_the_first_entry_stays(cloud: Cloud) -> None:
    key, version = store(cloud)
    notice = Notice("documents", key, version, created=True, event_time="")
    register.write(notice, {"sha256": "first"})
    register.write(notice, {"sha256": "second"})
    assert entry(cloud, key, version) == {"sha256": "first"}
    versions = cloud.client("s3").list_object_versions(Bucket="register")["Versions"]
    assert len(versions) == 1


def test_a_removed_a_hidden_and_a_vanished_document_raise_alarms(cloud: Cloud) -> None:
    key, version = store(cloud)
    deliver(record(key, version, name="object_removed"))
    deliver(record(key, "no-such-version"))
    assert alarms(cloud) == [["removed"], ["gone"]]


def test_a_bucket_without_versions_raises_an_alarm(cloud: Cloud) -> None:
    cloud.client("s3").put_object(Bucket="inbox", Key=key_of(PDF), Body=PDF)
    one = record(key_of(PDF), "null")
    body = json.loads(one["body"])
    body["Records"][0]["s3"]["bucket"]["name"] = "inbox"
    del body["Records"][0]["s3"]["object"]["versionId"]
    assert deliver({**one, "body": json.dumps(body)}) == []
    assert alarms(cloud) == [["not_versioned"]]


def test_the_event_that_s3_sends_when_notifications_are_set_up_is_done_with(cloud: Cloud) -> None:
    assert module.handler(payload("test_event"), None) == {"batchItemFailures": []}


POISON = [
    "",
    "no JSON",
    "[]",
    "null",
    "{}",
    '{"Records": [{}]}',
    '{"Records": [{"eventName": "Replication:x", "s3": {}}]}',
]


def test_in_a_poisoned_batch_only_the_poison_comes_back(cloud: Cloud, read_lines: Any) -> None:
    first, second = store(cloud), store(cloud, b"another")
    poison = [{**record(*first), "messageId": f"p-{n}", "body": body} for n, body in enumerate(POISON)]
    batch = [record(*first, message_id="m-1"), *poison, record(*second, message_id="m-2")]
    assert deliver(*batch) == [one["messageId"] for one in poison]
    assert len(cloud.keys("register")) == 2
    assert [line["event"] for line in read_lines()].count("poison") == len(POISON)


def test_when_the_register_is_away_the_message_comes_back_and_the_next_one_too(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, read_lines: Any
) -> None:
    monkeypatch.setenv("REGISTER_BUCKET", "nobodys")
    records = [record(*store(cloud), message_id="m-1"), record(*store(cloud, b"another"), message_id="m-2")]
    assert deliver(*records) == ["m-1", "m-2"]
    assert [(line["event"], line["error"]) for line in read_lines()] == [("failed", "NoSuchBucket")] * 2
    monkeypatch.setenv("REGISTER_BUCKET", "register")
    assert deliver(*records) == []
    assert len(cloud.keys("register")) == 2


def test_when_nobody_can_be_told_the_message_comes_back_and_nothing_is_noted(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, read_lines: Any
) -> None:
    monkeypatch.setenv("ALARM_TOPIC_ARN", "arn:aws:sns:eu-central-1:123456789012:no-such-topic")
    key, version = store(cloud, b"forged", key=key_of(PDF))
    assert deliver(record(key, version)) == ["m-1"]
    assert cloud.keys("register") == []
    assert [line["event"] for line in read_lines()][-1] == "failed"


@pytest.mark.parametrize("event", [None, [], {}, {"Records": None}, {"Records": [1]}, {"Records": [{"body": "{}"}]}])
def test_what_is_no_batch_fails_as_a_whole_and_is_logged(event: Any, read_lines: Any) -> None:
    with pytest.raises(ValueError, match="no batch"):
        module.handler(event, None)
    assert read_lines()[0]["event"] == "malformed_event"


def test_a_real_notification_of_a_bucket_through_a_queue_is_understood(cloud: Cloud) -> None:
    """Not the payload file but what S3 sends itself, with its own way to write keys and versions."""
    sqs, s3 = cloud.client("sqs"), cloud.client("s3")
    queue = sqs.create_queue(QueueName="documents-to-vault")["QueueUrl"]
    arn = "arn:aws:sqs:eu-central-1:123456789012:documents-to-vault"
    told = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket="documents", NotificationConfiguration=told)
    key, version = store(cloud)
    bodies = cloud.messages(queue)
    deliver(*({"messageId": f"m-{n}", "body": json.dumps(body)} for n, body in enumerate(bodies)))
    assert entry(cloud, key, version)["sha256"] == hashlib.sha256(PDF).hexdigest()
