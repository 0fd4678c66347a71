"""Bad days of a service-management platform, switched on while the sandbox runs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.server import SandboxServer
from tests.support.sandbox import SERVICENOW, config, fault, get, rows


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(config(tmp_path_factory.mktemp("sandbox"))) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_is_left(server: SandboxServer) -> Iterator[None]:
    yield
    server.faults.clear()


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"status": 500, "count": 1}, 500),
        ({"status": 403, "count": 1}, 403),
        ({"too_many": 1, "retry_after": 7}, 429),
    ],
)
def test_a_fault_strikes_as_often_as_it_should(server: SandboxServer, what: dict[str, Any], status: int) -> None:
    fault(server.url, **what)
    struck, body, headers = get(server, limit=1)
    assert (struck, body["status"]) == (status, "failure")
    assert get(server, limit=1)[0] == 200
    if status == 429:
        assert headers["Retry-After"] == "7"
        assert all(f"X-RateLimit-{name}" in headers for name in ("Limit", "Reset", "Rule"))


def test_a_fault_can_let_requests_pass_first(server: SandboxServer) -> None:
    fault(server.url, status=500, count=1, skip=2)
    assert [get(server, limit=1)[0] for _ in range(4)] == [200, 200, 500, 200]


def test_html_instead_of_json(server: SandboxServer) -> None:
    fault(server.url, html=True)
    answer = requests.get(f"{server.url}/api/now/table/incident", auth=SERVICENOW, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html")


def test_nothing_at_all_as_for_a_wrong_credential(server: SandboxServer) -> None:
    fault(server.url, empty=True)
    status, body, headers = get(server, auth=("nobody", "wrong"))
    assert (status, body, headers["X-Total-Count"]) == (200, {"result": []}, "0")


def test_totals_that_are_wrong(server: SandboxServer) -> None:
    right = int(get(server, limit=1)[2]["X-Total-Count"])
    fault(server.url, wrong_totals=True)
    assert int(get(server, limit=1)[2]["X-Total-Count"]) == right + 7


def test_pages_made_short_by_an_acl_are_counted_in_full(server: SandboxServer) -> None:
    fault(server.url, acl_short_pages=0.3)
    _, body, headers = get(server, query="ORDERBYsys_id")
    assert 0.5 < len(body["result"]) / int(headers["X-Total-Count"]) < 0.9
    assert body == get(server, query="ORDERBYsys_id")[1]


def test_a_query_that_is_ignored(server: SandboxServer) -> None:
    fault(server.url, ignore_query=True, count=1)
    assert len(rows(server, query="number=INC0")) > 400


def test_a_connection_that_breaks_in_the_middle(server: SandboxServer) -> None:
    fault(server.url, truncate=True, count=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.url}/api/now/table/incident", auth=SERVICENOW, timeout=10)


def test_latency(server: SandboxServer) -> None:
    fault(server.url, latency_ms=800, count=1)
    with pytest.raises(requests.exceptions.Timeout):
        requests.get(f"{server.url}/api/now/table/incident?sysparm_limit=1", auth=SERVICENOW, timeout=0.3)


@pytest.mark.parametrize("what", [{"statsu": 500}, {"status": "500"}, {"on": "fax"}, []])
def test_a_fault_that_makes_no_sense_is_refused(server: SandboxServer, what: Any) -> None:
    refused = requests.post(f"{server.url}/sandbox/faults", json=what, timeout=10)
    assert (refused.status_code, server.faults.active()) == (400, [])


def test_faults_are_listed_and_taken_away(server: SandboxServer) -> None:
    fault(server.url, on="sap", status=503)
    address = f"{server.url}/sandbox/faults"
    assert requests.get(address, timeout=10).json() == {"faults": [{"on": "sap", "status": 503}]}
    assert requests.delete(address, timeout=10).json() == {"faults": []}


def test_a_button_of_the_page_switches_a_fault_on_and_another_all_off(server: SandboxServer) -> None:
    page = requests.get(f"{server.url}/sandbox/", timeout=10).text
    names = [html.unescape(name) for name in re.findall(r'name="preset" value="([^"]+)"', page)]
    assert len(names) > 10
    for name in names:
        pressed = requests.post(f"{server.url}/sandbox/faults", data={"preset": name}, timeout=10)
        assert (pressed.status_code, pressed.url) == (200, f"{server.url}/sandbox/")
    assert len(server.faults.active()) == len(names)
    assert "Switch all off" in requests.post(f"{server.url}/sandbox/faults", data={"preset": names[0]}, timeout=10).text
    requests.post(f"{server.url}/sandbox/faults/clear", timeout=10)
    assert server.faults.active() == []
