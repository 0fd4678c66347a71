"""The door out: what is known of a POST that went wrong, against real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portal.lib.http import Http, HttpError
from tests.support.scripted_server import (
    Scripted,
    answers,
    breaks_off,
    hangs_up,
    keeps_silent,
    scripted_server,
)


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


def sent_of(http: Http) -> HttpError:
    with pytest.raises(HttpError) as caught:
        http.post("/idoc", b"<IDOC/>", {"Content-Type": "application/xml"})
    return caught.value


def test_a_post_that_found_nobody_was_certainly_not_sent(server: Scripted) -> None:
    with scripted_server() as gone:
        url = gone.url
    assert sent_of(Http(url, allow_loopback=True)).sent == "no"


def test_a_post_to_a_name_without_an_address_was_not_sent() -> None:
    error = sent_of(Http("https://nobody.invalid"))
    assert (error.sent, error.permanent) == ("no", False)


@pytest.mark.parametrize("behaviour", [hangs_up, keeps_silent, breaks_off(), answers(502), answers(503), answers(504)])
def test_a_post_without_a_clear_answer_may_have_arrived_and_is_not_repeated(server: Scripted, behaviour: Any) -> None:
    server.does(behaviour)
    http, waits = door(server, timeout=(1.0, 0.3))
    error = sent_of(http)
    assert (error.sent, error.permanent, len(server.requests), waits) == ("maybe", False, 1, [])


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 409, 429, 500])
def test_any_other_status_of_a_post_is_an_answer(server: Scripted, status: int) -> None:
    server.does(answers(status, b"text", Retry_After="5"))
    answer = door(server)[0].post("/idoc", b"<IDOC/>", params={"sap-client": "100"})
    assert (answer.status, answer.body, answer.retry_after) == (status, b"text", 5)
    assert server.requests[0][1] == "/idoc?sap-client=100"
    assert server.requests[0][3] == b"<IDOC/>"
