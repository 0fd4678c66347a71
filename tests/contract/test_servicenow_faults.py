"""The source `servicenow` on bad days: what is survived, what is refused, and what is said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.domain.errors import SourceError
from portal.domain.sources import Credential, Page, SourceAccess
from portal.sources.servicenow.client import open_source
from sandbox.server import SandboxServer
from tests.support.sandbox import config, fault
from tests.support.servicenow import CLIENT, MARCH, USER, put, read, refusal, source

pytestmark = pytest.mark.slow

CANARY = "Kanarienvogel-7319"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(config(tmp_path, token_seconds=1)) as running:
        yield running


@pytest.mark.parametrize(
    "credential",
    [
        {**USER, "password": "wrong"},
        {**USER, **CLIENT, "password": "wrong"},
        {**CLIENT, "client_secret": "wrong"},
        {**USER, **CLIENT, "client_secret": "wrong"},
    ],
)
def test_a_wrong_credential_is_refused_and_not_shown(server: SandboxServer, credential: dict[str, str]) -> None:
    for ask in (lambda s: s.probe(), lambda s: s.total(MARCH), lambda s: list(s.read(MARCH))):
        with pytest.raises(SourceError, match="credential was refused") as caught:
            ask(source(server, credential))
        assert caught.value.permanent
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("credential", "word"),
    [
        ({}, "client_id"),
        ({"username": "u"}, "password"),
        ({**USER, "client_id": "c"}, "client_secret"),
        ({**USER, "grant": "kerberos"}, "none of"),
    ],
)
def test_an_incomplete_credential_is_named_before_anything_is_sent(credential: dict[str, str], word: str) -> None:
    with pytest.raises(SourceError, match=word):
        open_source(SourceAccess("https://none.example.com", Credential(credential), {}, str))


@pytest.mark.parametrize(
    "what",
    [
        {"latency_ms": 100},
        {"status": 500, "count": 2},
        {"status": 503, "count": 1, "retry_after": 1},
        {"too_many": 3, "retry_after": 1},
        {"truncate": True, "count": 2},
        {"status": 502, "count": 1, "skip": 4},
    ],
)
def test_a_bad_moment_is_survived(server: SandboxServer, what: dict[str, Any]) -> None:
    fault(server.url, **what)
    assert len(read(server, page_size=100)) == 580


def test_a_limit_on_tokens_is_survived(server: SandboxServer) -> None:
    fault(server.url, on="oauth", status=429, count=1, retry_after=1)
    assert source(server, CLIENT).total(MARCH) == 580


def test_a_sign_in_page_is_no_answer(server: SandboxServer) -> None:
    fault(server.url, html=True)
    error = refusal(server)
    assert "a page for people (text/html" in str(error)
    with pytest.raises(SourceError, match="a page for people"):
        source(server).probe()


def test_a_platform_that_answers_nothing_is_not_taken_for_an_empty_month(server: SandboxServer) -> None:
    fault(server.url, empty=True)
    assert "does not know who is asking" in str(refusal(server))
    with pytest.raises(SourceError, match="does not know who is asking"):
        source(server).probe()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("settings", [{}, {"page_size": 10}])
def test_hidden_rows_are_counted_and_what_can_be_read_still_comes(
    server: SandboxServer, share: float, settings: dict[str, Any]
) -> None:
    everything = read(server)
    fault(server.url, acl_short_pages=share)
    pages: list[Page] = []
    with pytest.raises(SourceError, match="Rows are hidden from the account") as caught:
        pages.extend(source(server, **settings).read(MARCH))
    came = [ticket for page in pages for ticket in page.tickets]
    assert caught.value.permanent
    assert len(came) == pytest.approx(580 * (1 - share), abs=30)
    assert len({t.source_key for t in came}) == len(came)
    assert set(came) < set(everything)
    incidents = sum(t.kind == "incident" and t.resolved_at is not None for t in came)
    assert f"incident by resolved_at: 414 counted before, 414 in slices, 414 after, {incidents} came" in str(
        caught.value
    )


def test_rows_that_only_a_wrong_query_gives_are_refused_in_numbers(server: SandboxServer) -> None:
    fault(server.url, ignore_query=True)
    error = refusal(server)
    assert error.permanent
    assert "rows do not fit what was asked for (2026-02-28 23:00:00 to 2026-03-31 22:00:00 UTC)" in str(error)


def test_a_field_that_the_instance_does_not_have_is_found_out(server: SandboxServer) -> None:
    error = refusal(server, fields={"incident": {"resolved_at": "u_solved"}})
    assert "ignored the query" in str(error)


@pytest.mark.parametrize("settings", [{}, {"page_size": 50}, {"page_size": 50, "parallel": 1}])
def test_totals_that_are_wrong_prove_nothing(server: SandboxServer, settings: dict[str, Any]) -> None:
    fault(server.url, wrong_totals=True)
    assert "421 counted before" in str(refusal(server, **settings))


def test_a_ticket_that_joins_while_the_month_is_read_makes_it_be_read_again(server: SandboxServer) -> None:
    pages = source(server, page_size=100).read(MARCH)
    next(pages)
    put(server, "INC9", resolved_at="2026-03-01 10:00:00")
    with pytest.raises(SourceError, match="changed while they were read") as caught:
        list(pages)
    assert not caught.value.permanent
    assert "414 counted before" in str(caught.value)
    assert "415 after" in str(caught.value)


def test_a_hidden_ticket_is_not_taken_for_a_deleted_one(server: SandboxServer) -> None:
    keys = [t.source_key for t in read(server)][:50]
    fault(server.url, acl_short_pages=0.5)
    with pytest.raises(SourceError, match="Of 50 tickets asked for by key"):
        source(server).read_keys(keys)


def test_a_table_of_which_nothing_is_shown_is_found_by_the_probe(server: SandboxServer) -> None:
    fault(server.url, acl_short_pages=1.0, skip=1)
    with pytest.raises(SourceError, match="none of the first 20 is shown"):
        source(server).probe()


def test_a_sandbox_cannot_be_a_source_outside_of_test_mode(server: SandboxServer) -> None:
    with pytest.raises(SourceError, match="not encrypted"):
        open_source(SourceAccess(server.url, Credential(USER), {}, str))


def test_no_ticket_text_and_no_caller_reaches_a_log_or_a_message(
    server: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = {"short_description": f"{CANARY} text", "caller_id": f"{CANARY} Person"}
    put(server, "INC11", resolved_at="2026-03-19 10:00:00", **text)
    put(server, "INC12", resolved_at="2026-03-19 99:00:00", **text)
    (ticket,) = [t for t in read(server) if t.number == "INC11"]
    assert ticket.summary == f"{CANARY} text"
    assert CANARY not in ticket.caller
    messages = []
    for what in ({"ignore_query": True}, {"wrong_totals": True}, {"acl_short_pages": 0.5}, {"truncate": True}):
        fault(server.url, **what)
        messages.append(str(refusal(server, parallel=1, page_size=2000)))
        server.faults.clear()
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith(("sandbox", "werkzeug", "waitress"))]
    assert any("counted" in line for line in ours)
    assert CANARY not in "\n".join(ours + messages)
    assert "sn-pass" not in "\n".join(ours + messages)
