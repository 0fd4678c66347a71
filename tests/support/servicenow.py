"""The source `servicenow` on a sandbox customer, and ways to fill and to read it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portal.domain.errors import SourceError
from portal.domain.periods import Period, Window
from portal.domain.sources import Credential, SourceAccess
from portal.domain.tickets import Ticket
from portal.lib.hashing import pseudonym_function
from portal.sources.servicenow.client import ServiceNow, open_source
from sandbox.server import SandboxServer

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Period(2026, 3).window(BERLIN)
USER = {"username": "proforma.reader", "password": "sn-pass"}
CLIENT = {"client_id": "abc", "client_secret": "xyz"}


def source(server: SandboxServer, credential: dict[str, str] | None = None, **settings: Any) -> ServiceNow:
    pseudonym = pseudonym_function(b"a key for tests only")
    return open_source(
        SourceAccess(server.url, Credential(credential or USER), settings, pseudonym, allow_loopback=True)
    )


def read(server: SandboxServer, window: Window = MARCH, **settings: Any) -> list[Ticket]:
    return [ticket for page in source(server, **settings).read(window) for ticket in page.tickets]


def refusal(server: SandboxServer, **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(server, **settings)
    assert caught.value.problem.remedy
    return caught.value


def inside(server: SandboxServer) -> set[str]:
    """The tickets of March in Berlin, found independently of the API."""
    start, end = "2026-02-28 23:00:00", "2026-03-31 22:00:00"
    tables = server.stock.tables
    resolved = {r["number"] for r in tables["incident"] if start <= r["resolved_at"] < end}
    unresolved = {r["number"] for r in tables["incident"] if not r["resolved_at"] and start <= r["closed_at"] < end}
    return resolved | unresolved | {r["number"] for r in tables["sc_req_item"] if start <= r["closed_at"] < end}


def put(server: SandboxServer, number: str, **fields: str) -> None:
    blank = {"resolved_at": "", "closed_at": "", "state": "7", "priority": "3", "sys_class_name": "incident"}
    server.stock.put({**blank, "number": number, **fields})
