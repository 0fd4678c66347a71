"""What the customer's system sends is kept once, told once, and answered at once."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from lambdas.intake import inbox
from lambdas.shared import aws
from tests.lambdas.conftest import SECRET, Cloud, lines
from tests.lambdas.intake_support import NOW, USERNAME, body_of, clock, event, forget_senders, send, signed, with_body


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch)


@pytest.fixture
def acme(cloud: Cloud) -> Cloud:
    cloud.sender("acme", method="basic", username=USERNAME)
    return cloud


@pytest.mark.parametrize("method", ["basic", "hmac", "api_key"])
def test_each_way_of_proving_oneself_is_taken(cloud: Cloud, method: str) -> None:
    cloud.sender("acme", method=method, username=USERNAME)
    assert send(event(method))[0] == 202
    assert len(cloud.messages(cloud.environment["EVENTS_QUEUE_URL"])) == 1


def test_the_body_is_kept_byte_for_byte_under_its_checksum_and_the_pointer_says_where(acme: Cloud) -> None:
    body = "<ALEAUD01>Zürich</ALEAUD01>".encode("latin-1")
    assert send(with_body(event(), body)) == (
        202,
        {"status": "received", "reference": "7d6d3c02-5a1e-4a6c-9c51-0b5f3a1e2d10"},
    )
    digest = hashlib.sha256(body).hexdigest()
    key = f"acknowledgements/acme/{digest}"
    stored = acme.client("s3").get_object(Bucket="inbox", Key=key, ChecksumMode="ENABLED")
    assert stored["Body"].read() == body
    assert stored["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert stored["Metadata"]["sha256"] == digest
    assert stored["ContentType"] == "text/xml"
    assert acme.messages(acme.environment["EVENTS_QUEUE_URL"]) == [
        {
            "type": "intake",
            "version": 1,
            "kind": "acknowledgements",
            "customer": "acme",
            "bucket": "inbox",
            "key": key,
            "sha256": digest,
            "bytes": len(body),
            "content_type": "text/xml",
            "received_at": "2026-11-23T10:00:00.000+00:00",
            "request_id": "7d6d3c02-5a1e-4a6c-9c51-0b5f3a1e2d10",
        }
    ]


def test_the_same_body_again_is_welcome_and_does_nothing(acme: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert [send(event())[0] for _ in range(3)] == [202, 202, 202]
    assert len(acme.messages(acme.environment["EVENTS_QUEUE_URL"])) == 1
    assert [line["known"] for line in lines(capsys.readouterr().out) if "known" in line] == [False, True, True]


def test_a_signed_request_that_is_replayed_within_the_window_does_nothing_and_later_is_refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.sender("acme", method="hmac")
    assert [send(event("hmac"))[0] for _ in range(2)] == [202, 202]
    assert len(cloud.messages(cloud.environment["EVENTS_QUEUE_URL"])) == 1
    clock(monkeypatch, NOW + 301)
    late = event("hmac")
    late["requestContext"]["requestTimeEpoch"] = (NOW + 301) * 1000
    assert send(late)[0] == 401


def test_an_interrupted_intake_is_finished_by_whoever_sends_it_again(
    acme: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is away after the body was kept: the sender hears `later`, and the pointer is not forgotten."""
    queue = acme.environment["EVENTS_QUEUE_URL"]
    monkeypatch.setenv("EVENTS_QUEUE_URL", queue + "-gone")
    status, answer = send(event())
    assert (status, answer["status"]) == (503, "later")
    monkeypatch.setenv("EVENTS_QUEUE_URL", queue)
    assert send(event())[0] == 202
    assert len(acme.messages(queue)) == 1


def test_a_crash_before_the_mark_tells_twice_rather_than_never(acme: Cloud) -> None:
    send(event())
    key = f"told/acknowledgements/acme/{hashlib.sha256(body_of(event())).hexdigest()}"
    acme.client("s3").delete_object(Bucket="inbox", Key=key)
    send(event())
    assert len(acme.messages(acme.environment["EVENTS_QUEUE_URL"])) == 2


def test_older_and_newer_bodies_are_kept_in_any_order(cloud: Cloud) -> None:
    cloud.sender("acme", method="hmac")
    for body, at in ((b"<second/>", NOW), (b"<first/>", NOW - 60)):
        assert send(signed(with_body(event("hmac"), body), at=at))[0] == 202
    assert len([key for key in cloud.keys("inbox") if not key.startswith(inbox.TOLD)]) == 2


def test_while_a_secret_is_changed_both_are_taken_and_a_new_one_counts_after_a_while(acme: Cloud) -> None:
    secrets = acme.client("secretsmanager")

    def store(*values: str) -> None:
        text = {"addresses": ["10.40.1.0/24"], "kinds": ["acknowledgements"], "method": "hmac", "secrets": values}
        secrets.put_secret_value(SecretId="proforma/intake/acme", SecretString=json.dumps(text))

    new = "another-sixteen-letters"
    store(new, SECRET)
    forget_senders()
    assert send(signed(event(), secret=SECRET))[0] == 202
    assert send(signed(event(), secret=new))[0] == 202
    store(new)
    assert send(signed(event(), secret=SECRET))[0] == 202, "remembered for SENDERS_TTL"
    forget_senders()
    assert send(signed(event(), secret=SECRET))[0] == 401


def test_senders_are_asked_for_once_a_while_also_those_that_are_none(
    acme: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    aws.client("secretsmanager").meta.events.register(
        "before-call.secrets-manager.GetSecretValue", lambda **given: asked.append(str(given["model"].name))
    )
    stranger = event()
    stranger["pathParameters"]["customer"] = "nobody"
    for _ in range(3):
        assert (send(event())[0], send(stranger)[0]) == (202, 403)
    assert len(asked) == 2
    monkeypatch.setenv("SENDERS_TTL", "0")
    forget_senders()
    for _ in range(2):
        send(event())
    assert len(asked) == 4


def test_a_log_line_says_what_happened_and_no_word_of_the_body(acme: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    send(event())
    captured = capsys.readouterr().out
    line, metric = lines(captured)
    assert line["event"] == "intake_taken"
    assert (line["customer"], line["kind"], line["source"], line["status"]) == (
        "acme",
        "acknowledgements",
        "10.40.1.17",
        202,
    )
    assert line["sha256"] == hashlib.sha256(body_of(event())).hexdigest()
    assert metric["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "IntakeTaken", "Unit": "Count"}]
    assert metric["IntakeTaken"] == 1
    for secret in ("parked", "PF-2026", SECRET, "Basic", event()["body"][:20]):
        assert secret not in captured


def test_a_body_that_is_text_in_the_event_is_kept_as_utf8(acme: Cloud) -> None:
    """Without binaryMediaTypes API Gateway hands text over; README asks for */*, which keeps every byte."""
    given: dict[str, Any] = {**event(), "body": "<ä/>", "isBase64Encoded": False}
    assert send(given)[0] == 202
    assert acme.keys("inbox")[0].endswith(hashlib.sha256("<ä/>".encode()).hexdigest())
