"""Whoever may not send, sends too much or sends nonsense hears nothing of why; the log does."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lambdas.intake import handler as module
from lambdas.intake import senders
from tests.lambdas.conftest import SECRET, SENDER, Cloud, lines
from tests.lambdas.intake_support import (
    NOW,
    USERNAME,
    clock,
    event,
    forget_senders,
    send,
    signed,
    with_body,
    with_header,
)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch)


@pytest.fixture
def acme(cloud: Cloud) -> Cloud:
    cloud.sender("acme", method="basic", username=USERNAME)
    return cloud


def changed(*path: str, to: Any) -> dict[str, Any]:
    """The event with one field changed."""
    given = copy.deepcopy(event())
    inner = given
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = to
    return given


REFUSED = [
    ("no credential", with_header(event(), Authorization=None), 401, "credential"),
    ("another scheme", with_header(event(), Authorization="Bearer abc"), 401, "credential"),
    ("no base64", with_header(event(), Authorization="Basic ä!"), 401, "credential"),
    ("a wrong password", with_header(event(), Authorization="Basic YWNtZS1zYXA6d3Jvbmc="), 401, "credential"),
    ("an unknown customer", changed("pathParameters", "customer", to="nobody"), 403, "unknown_sender"),
    ("a foreign address", changed("requestContext", "identity", "sourceIp", to="10.40.2.17"), 403, "address"),
    ("an IPv6 address", changed("requestContext", "identity", "sourceIp", to="2001:db8::1"), 403, "address"),
    ("no address", changed("requestContext", "identity", "sourceIp", to=None), 403, "address"),
    ("a kind it may not send", changed("pathParameters", "kind", to="webhooks"), 403, "kind"),
    ("a path that leads away", changed("pathParameters", "customer", to="../acme"), 400, "malformed_path"),
    ("another method", changed("httpMethod", to="GET"), 405, "method"),
    ("an old invocation", changed("requestContext", "requestTimeEpoch", to=(NOW - 301) * 1000), 401, "stale_request"),
    ("one from the future", changed("requestContext", "requestTimeEpoch", to=(NOW + 301) * 1000), 401, "stale_request"),
    ("too large", with_body(event(), b"x" * (module.MOST_BYTES + 1)), 413, "too_large"),
    ("much too large", with_body(event(), b"x" * (2 * module.MOST_BYTES)), 413, "too_large"),
    ("empty", with_body(event(), b""), 400, "empty"),
    ("no body", changed("body", to=None), 400, "empty"),
    ("a body that is not base64", changed("body", to="%%%%"), 400, "body_unreadable"),
    ("a body that is no text", changed("body", to={"a": 1}), 400, "malformed_event"),
    ("JSON", with_header(event(), Content_Type="application/json"), 415, "content_type"),
    ("no content type", with_header(event(), Content_Type=None), 415, "content_type"),
    ("compressed", with_header(event(), Content_Encoding="gzip"), 415, "content_encoding"),
]


@pytest.mark.parametrize(("given", "status", "reason"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_it_is_refused_and_nothing_is_kept(
    acme: Cloud, given: Any, status: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    got, answer = send(given)
    assert (got, answer) == (status, {"status": "refused", "reference": event()["requestContext"]["requestId"]})
    line, metric = lines(capsys.readouterr().out)
    assert (line["event"], line["reason"], metric["IntakeRefused"]) == ("intake_refused", reason, 1)
    assert acme.keys("inbox") == []
    assert acme.messages(acme.environment["EVENTS_QUEUE_URL"]) == []


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "text",
        7,
        {},
        {"requestContext": None},
        {"requestContext": {}, "pathParameters": {}},
        event()["headers"],
    ],
    ids=repr,
)
def test_an_event_that_is_none_gets_an_answer_and_a_line(
    acme: Cloud, given: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(given)[0] == 400
    assert lines(capsys.readouterr().out)[0]["event"] == "intake_refused"


def test_two_of_a_header_that_decides_are_one_too_many(acme: Cloud) -> None:
    given = event()
    given["multiValueHeaders"]["Authorization"] *= 2
    assert send(given)[0] == 400


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (signed(event(), at=NOW - 300), 202),
        (signed(event(), at=NOW - 301), 401),
        (signed(event(), at=NOW + 301), 401),
        (signed(event(), secret="guessed-guessed-guessed"), 401),
        (signed(event(), body=b"<other/>"), 401),
        (with_header(signed(event()), X_Proforma_Timestamp=str(int(NOW) - 1)), 401),
        (with_header(signed(event()), X_Proforma_Timestamp="soon"), 401),
        (with_header(signed(event()), X_Proforma_Timestamp=None), 401),
        (with_header(signed(event()), X_Proforma_Signature=None), 401),
        (event("basic"), 401),
        (event("api_key"), 401),
    ],
)
def test_a_signature_covers_customer_kind_time_and_body(cloud: Cloud, given: Any, status: int) -> None:
    cloud.sender("acme", method="hmac")
    assert send(given)[0] == status


def test_one_customer_cannot_sign_for_another(cloud: Cloud) -> None:
    cloud.sender("acme", method="hmac")
    cloud.sender("other", method="hmac")  # even with the same secret and from the same address
    given = signed(event())
    given["pathParameters"]["customer"] = "other"
    assert send(given)[0] == 401


def test_who_sits_at_another_address_cannot_learn_which_customers_there_are(acme: Cloud) -> None:
    known = changed("requestContext", "identity", "sourceIp", to="10.99.0.1")
    unknown = changed("pathParameters", "customer", to="nobody")
    assert send(known) == send(unknown)


@pytest.mark.parametrize(
    "secret",
    [
        "no JSON",
        "[]",
        json.dumps({**SENDER, "method": "trust"}),
        json.dumps({**SENDER, "method": "basic"}),
        json.dumps({**SENDER, "method": "hmac", "secrets": ["short"]}),
        json.dumps({**SENDER, "method": "hmac", "secrets": []}),
        json.dumps({**SENDER, "method": "hmac", "addresses": ["everywhere"]}),
        json.dumps({**SENDER, "method": "hmac", "addresses": []}),
        json.dumps({"method": "hmac", "secrets": [SECRET]}),
    ],
)
def test_a_secret_of_ours_that_is_wrong_asks_the_sender_to_come_again(
    cloud: Cloud, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.client("secretsmanager").create_secret(Name="proforma/intake/acme", SecretString=secret)
    forget_senders()
    assert send(event())[0] == 503
    captured = capsys.readouterr().out
    assert lines(captured)[0]["event"] == "intake_failed"
    assert SECRET not in captured


def test_when_aws_asks_for_patience_so_do_we(acme: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    def busy(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "PutObject")

    monkeypatch.setattr("lambdas.intake.inbox._put_once", busy)
    answer = module.handler(event(), None)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (429, "30")


def test_a_function_that_is_set_up_wrongly_answers_and_says_so_in_the_log(
    acme: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INBOX_BUCKET")
    status, answer = send(event())
    assert (status, answer["status"]) == (500, "later")
    line = lines(capsys.readouterr().out)[0]
    assert (line["reason"], line["error"]) == ("unexpected", "RuntimeError")


def test_strangers_do_not_fill_the_memory(acme: Cloud) -> None:
    for number in range(senders.MOST_REMEMBERED + 5):
        senders._known[f"made-up-{number}"] = (0.0, None)
    send(event())
    assert len(senders._known) == 1
