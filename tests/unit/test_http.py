"""The door out: what is repeated, what is believed, and what is said, against real sockets."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from portal.lib.http import Http, HttpError
from portal.lib.http_errors import retry_after_seconds
from tests.support.scripted_server import (
    Scripted,
    answers,
    answers_compressed,
    answers_json,
    breaks_off,
    drips,
    keeps_silent,
    scripted_server,
)

CANARY = "canary-7f3a"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted_server() as scripted:
        yield scripted


class Waits(list[float]):
    """Stands in for sleep: remembers the seconds, and takes none."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def door(server: Scripted, **given: Any) -> tuple[Http, Waits]:
    waits = Waits()
    return Http(server.url, **{"allow_loopback": True, "sleep": waits, **given}), waits


def error_of(http: Http, path: str = "/api") -> HttpError:
    with pytest.raises(HttpError) as caught:
        http.get_json(path)
    return caught.value


def test_json_comes_with_its_status_and_headers(server: Scripted) -> None:
    server.does(answers_json({"result": [1]}, X_Total_Count="1"))
    http, _ = door(server, headers={"X-Extra": "yes"}, auth=("user", "secret"))
    answer = http.get_json("/api", {"q": "a=b^c", "n": "1"})
    assert (answer.data, answer.status, answer.headers["x-total-count"]) == ({"result": [1]}, 200, "1")
    method, target, headers, _ = server.requests[0]
    assert (method, target) == ("GET", "/api?q=a%3Db%5Ec&n=1")
    assert headers["X-Extra"] == "yes"
    assert headers["Authorization"].startswith("Basic ")


def test_gets_share_a_connection_and_posts_have_one_each(server: Scripted) -> None:
    server.does(answers_json({}))
    http, _ = door(server)
    for _ in range(3):
        http.get_json("/api")
    assert server.connections == 1
    http.post("/api", b"1")
    http.post("/api", b"2")
    assert server.connections == 3


def test_no_cookie_is_kept(server: Scripted) -> None:
    server.does(answers_json({}, Set_Cookie="session=1"))
    http, _ = door(server)
    http.get_json("/api")
    http.get_json("/api")
    assert "Cookie" not in server.requests[1][2]


def test_a_get_waits_as_long_as_it_was_told_and_asks_again(server: Scripted) -> None:
    server.does(answers(429, Retry_After="7"), answers_json({"ok": True}))
    http, waits = door(server)
    assert http.get_json("/api").data == {"ok": True}
    assert 7 <= waits[0] < 7.2


def test_a_date_in_retry_after_is_obeyed(server: Scripted) -> None:
    at = datetime.now(UTC) + timedelta(seconds=30)
    server.does(answers(503, Retry_After=format_datetime(at, usegmt=True)), answers_json({}))
    http, waits = door(server)
    http.get_json("/api")
    assert 25 < waits[0] < 31


def test_one_threads_limit_holds_the_others_back(server: Scripted) -> None:
    server.does(answers(429, Retry_After="7"), answers_json({}))
    http, waits = door(server)
    http.get_json("/api")
    http.get_json("/api")
    assert len(waits) > 1, "the second request came within the seven seconds and did not wait"
    assert 6 < waits[-1] <= 7


def test_a_wait_that_is_too_long_is_left_to_the_next_run(server: Scripted) -> None:
    server.does(answers(429, Retry_After="3600"))
    http, waits = door(server)
    error = error_of(http)
    assert (error.retry_after, error.permanent, error.status, waits) == (3600, False, 429, [])


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_survived(server: Scripted, status: int) -> None:
    server.does(answers(status), answers(status), answers_json({"ok": True}))
    http, waits = door(server)
    assert http.get_json("/api").data == {"ok": True}
    assert len(waits) == 2
    assert waits[1] < 2


def test_a_lasting_failure_ends_after_the_attempts_and_may_be_tried_later(server: Scripted) -> None:
    server.does(answers(503))
    http, waits = door(server, attempts=3)
    error = error_of(http)
    assert (error.status, error.permanent, len(server.requests), len(waits)) == (503, False, 3, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_repeated(server: Scripted, status: int) -> None:
    server.does(answers(status))
    http, waits = door(server)
    error = error_of(http)
    assert (error.status, error.permanent, len(server.requests), waits) == (status, True, 1, [])
    assert error.problem.remedy


def test_a_status_that_was_asked_for_is_an_answer(server: Scripted) -> None:
    server.does(answers(404, b"none"))
    http, _ = door(server)
    assert http.get("/api", accept=(404,)).body == b"none"


def test_a_redirect_is_not_followed(server: Scripted) -> None:
    server.does(answers(302, Location=f"https://sign-in.example.com/?token={CANARY}"))
    error = error_of(door(server)[0])
    assert error.permanent
    assert len(server.requests) == 1
    assert "sign-in.example.com" in str(error)
    assert CANARY not in str(error)


def test_a_sign_in_page_instead_of_json_is_named_and_not_quoted(server: Scripted) -> None:
    server.does(answers(200, f"<html>{CANARY}</html>".encode(), Content_Type="text/html; charset=utf-8"))
    error = error_of(door(server)[0])
    assert error.permanent
    assert "text/html" in str(error)
    assert CANARY not in str(error)


def test_damaged_json_is_asked_for_again(server: Scripted) -> None:
    server.does(answers(200, b'{"result": ['), answers_json({"ok": True}))
    assert door(server)[0].get_json("/api").data == {"ok": True}


def test_half_an_emoji_does_not_spoil_a_page(server: Scripted) -> None:
    server.does(answers(200, rb'{"text": "cut \ud83d"}'))
    assert door(server)[0].get_json("/api").data == {"text": "cut \ud83d"}


def test_json_nested_without_end_is_an_error_and_no_crash(server: Scripted) -> None:
    server.does(answers(200, b"[" * 500_000))
    assert "instead of JSON" in str(error_of(door(server, attempts=1)[0]))


def test_an_answer_that_is_too_big_is_refused(server: Scripted) -> None:
    server.does(answers(200, b" " * 100_000))
    error = error_of(door(server, max_bytes=50_000)[0])
    assert error.permanent
    assert "larger than 50000 bytes" in str(error)


def test_an_answer_that_is_too_big_when_unpacked_is_refused(server: Scripted) -> None:
    server.does(answers_compressed(b" " * 3_000_000))
    assert "larger than 1000000 bytes" in str(error_of(door(server, max_bytes=1_000_000)[0]))


def test_a_compressed_answer_is_unpacked(server: Scripted) -> None:
    server.does(answers_compressed(b'{"result": "' + b"x" * 300_000 + b'"}'))
    assert len(door(server)[0].get_json("/api").data["result"]) == 300_000


def test_a_connection_that_breaks_off_in_the_body_is_asked_again(server: Scripted) -> None:
    server.does(breaks_off(), answers_json({"ok": True}))
    assert door(server)[0].get_json("/api").data == {"ok": True}


def test_a_connection_that_always_breaks_off_is_an_error(server: Scripted) -> None:
    server.does(breaks_off())
    error = error_of(door(server, attempts=2)[0])
    assert not error.permanent
    assert "broke off" in str(error)


def test_silence_ends_after_the_timeout(server: Scripted) -> None:
    server.does(keeps_silent)
    error = error_of(door(server, attempts=1, timeout=(1.0, 0.2))[0])
    assert not error.permanent
    assert "in time" in str(error)


def test_a_body_that_drips_ends_after_the_total_time(server: Scripted) -> None:
    server.does(drips)
    began = time.monotonic()
    error = error_of(door(server, attempts=1, timeout=(1.0, 5.0), total=0.3)[0])
    assert time.monotonic() - began < 3
    assert "not complete after 0.3 seconds" in str(error)


def test_threads_may_share_one_door(server: Scripted) -> None:
    server.does(answers_json({"ok": True}))
    http, _ = door(server)
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(http.get_json("/api").data)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{"ok": True}] * 20


def test_no_secret_and_no_content_reaches_a_message_or_a_log(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    http, _ = door(server, auth=(CANARY, CANARY), headers={"X-Key": CANARY}, attempts=2)
    fine = answers_json({"t": CANARY})
    for behaviour in (fine, answers(500, CANARY.encode()), breaks_off(CANARY.encode())):
        server.does(behaviour)
        with contextlib.suppress(HttpError):
            assert CANARY not in repr(http.get_json("/api", {"q": CANARY}))
        if behaviour is not fine:
            assert CANARY not in repr(error_of(http, f"/api?q={CANARY}"))
    server.does(answers(200, CANARY.encode()))
    assert CANARY not in repr(http.post("/api", CANARY.encode()))
    assert "GET http://127.0.0.1" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Sun, 01 Mar 2026 00:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 00:00:30 -0000", 30.0),
        ("Sat, 28 Feb 2026 00:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, datetime(2026, 3, 1, tzinfo=UTC)) == seconds
