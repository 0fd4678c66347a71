"""The sandbox's ServiceNow over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.server import SandboxServer
from tests.support.sandbox import SERVICENOW, bearer, config, get, rows, token

MARCH = "resolved_at>=2026-02-28 23:00:00^resolved_at<2026-03-31 22:00:00"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(config(tmp_path_factory.mktemp("sandbox"))) as running:
        yield running


def test_the_links_lead_through_every_row_once(server: SandboxServer) -> None:
    first = requests.get(
        f"{server.url}/api/now/table/incident",
        params={"sysparm_query": f"{MARCH}^ORDERBYnumber", "sysparm_limit": "100", "sysparm_fields": "number"},
        auth=SERVICENOW,
        timeout=10,
    )
    numbers = [row["number"] for row in first.json()["result"]]
    assert set(first.links) == {"first", "next", "last"}
    page = first
    while "next" in page.links:
        page = requests.get(page.links["next"]["url"], auth=SERVICENOW, timeout=10)
        numbers += [row["number"] for row in page.json()["result"]]
    assert len(numbers) == len(set(numbers)) == int(first.headers["X-Total-Count"])
    assert numbers == sorted(numbers)
    assert set(page.links) == {"first", "prev", "last"}


def test_the_pagination_header_and_the_count_can_be_suppressed(server: SandboxServer) -> None:
    _, _, headers = get(server, limit=1, suppress_pagination_header="true")
    assert "Link" not in headers
    assert "X-Total-Count" in headers
    assert "X-Total-Count" not in get(server, limit=1, no_count="true")[2]


def test_the_window_is_half_open_to_the_second(server: SandboxServer) -> None:
    moments = {row["resolved_at"] for row in rows(server, query=MARCH, fields="resolved_at")}
    assert {"2026-02-28 23:00:00", "2026-03-31 21:59:59"} <= moments
    assert not {"2026-02-28 22:59:59", "2026-03-31 22:00:00"} & moments
    stated = server.stock.notes
    unresolved = rows(server, query="resolved_atISEMPTY^closed_at>=2026-02-28 23:00:00^closed_at<2026-03-31 22:00:00")
    assert int(get(server, query=MARCH, limit=1)[2]["X-Total-Count"]) + len(unresolved) == int(
        stated["incidents_in_month"]
    )


def test_an_unknown_field_in_a_query_lets_every_row_through(server: SandboxServer) -> None:
    everything = get(server, limit=1)[2]["X-Total-Count"]
    assert get(server, limit=1, query="resolved=2026-03-01")[2]["X-Total-Count"] == everything


def test_values_come_raw_shown_or_both(server: SandboxServer) -> None:
    wanted = {"query": "resolved_at=2026-02-28 23:00:00", "fields": "state,priority,resolved_at,assignment_group"}
    raw, shown, both = (rows(server, display_value=how, **wanted)[0] for how in ("false", "true", "all"))
    assert (raw["state"], raw["resolved_at"]) == ("7", "2026-02-28 23:00:00")
    assert (shown["state"], shown["resolved_at"]) == ("Closed", "2026-03-01 00:00:00")
    assert shown["priority"].startswith(raw["priority"] + " - ")
    assert both["state"] == {"display_value": "Closed", "value": "7"}
    key, name = raw["assignment_group"]["value"], shown["assignment_group"]["display_value"]
    assert raw["assignment_group"]["link"] == f"{server.url}/api/now/table/sys_user_group/{key}"
    assert requests.get(raw["assignment_group"]["link"], auth=SERVICENOW, timeout=10).json()["result"]["name"] == name


def test_reference_links_can_be_left_out_and_references_be_walked(server: SandboxServer) -> None:
    row = rows(server, limit=1, fields="caller_id,caller_id.name", exclude_reference_link="true")[0]
    assert set(row) == {"caller_id", "caller_id.name"}
    assert len(row["caller_id"]) == 32
    assert " " in row["caller_id.name"]


def test_a_query_may_walk_to_the_name_of_a_reference(server: SandboxServer) -> None:
    names = {row["assignment_group.name"] for row in rows(server, fields="assignment_group.name")}
    assert len(names) > 3
    counts = {
        name: int(get(server, limit=1, query=f"assignment_group.name={name}")[2]["X-Total-Count"]) for name in names
    }
    assert sum(counts.values()) == len(server.stock.tables["incident"])
    assert get(server, limit=1, query="assignment_group.nameSTARTSWITHnobody")[2]["X-Total-Count"] == "0"


def test_service_requests_have_no_resolution_date(server: SandboxServer) -> None:
    item = rows(server, "/api/now/table/sc_req_item", limit=1, query="state=3")[0]
    assert "resolved_at" not in item
    assert item["number"].startswith("RITM")
    assert item["request.requested_for"]["value"]


def test_a_page_is_cut_at_ten_thousand_rows(tmp_path: Path) -> None:
    with SandboxServer(config(tmp_path, tickets_count=14_500)) as big:
        status, body, headers = get(big, fields="sys_id", limit=50_000)
        assert (status, len(body["result"])) == (200, 10_000)
        assert int(headers["X-Total-Count"]) > 10_000
        assert len(rows(big, fields="sys_id")) == 10_000


@pytest.mark.parametrize("query", ["user_name=proforma.reader", "user_name=javascript:gs.getUserName()"])
def test_a_client_can_ask_who_it_is(server: SandboxServer, query: str) -> None:
    found = rows(server, "/api/now/table/sys_user", query=query, fields="user_name,time_zone")
    assert found == [{"user_name": "proforma.reader", "time_zone": "Europe/Berlin"}]


@pytest.mark.parametrize(
    ("path", "params", "status", "message"),
    [
        ("/api/now/table/incident", {"auth": None}, 401, "User Not Authenticated"),
        ("/api/now/table/incident", {"auth": ("proforma.reader", "wrong")}, 401, "User Not Authenticated"),
        ("/api/now/table/u_nothing", {}, 404, "Invalid table u_nothing"),
        ("/api/now/table/incident/0123", {}, 404, "No Record found"),
        ("/api/now/table/incident", {"limit": "many"}, 400, "Invalid parameter"),
    ],
)
def test_errors_have_servicenows_shape(
    server: SandboxServer, path: str, params: dict[str, Any], status: int, message: str
) -> None:
    answered, body, headers = get(server, path, **params)
    assert (answered, body["error"]["message"], body["status"]) == (status, message, "failure")
    assert "detail" in body["error"]
    assert headers["X-Proforma-Sandbox"] == "1"


def test_nobody_writes_to_it(server: SandboxServer) -> None:
    refused = requests.post(f"{server.url}/api/now/table/incident", json={}, auth=SERVICENOW, timeout=10)
    assert (refused.status_code, refused.json()["status"]) == (403, "failure")


def test_the_three_grants_give_tokens_that_open_the_table(server: SandboxServer) -> None:
    password = token(server, grant_type="password", username=SERVICENOW[0], password=SERVICENOW[1])
    refreshed = token(server, grant_type="refresh_token", refresh_token=password.json()["refresh_token"])
    client = token(server, grant_type="client_credentials")
    assert "refresh_token" not in client.json()
    for answer in (password, refreshed, client):
        table = f"{server.url}/api/now/table/incident?sysparm_limit=1"
        assert requests.get(table, headers=bearer(answer), timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "username": SERVICENOW[0], "password": "no"}, "access_denied"),
        ({"grant_type": "client_credentials", "client_secret": "no"}, "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "no"}, "invalid_grant"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_grant_is_refused(server: SandboxServer, form: dict[str, str], error: str) -> None:
    refused = token(server, **form)
    assert (refused.status_code, refused.json()["error"]) == (401, error)


def test_a_token_ends_and_client_credentials_can_be_off(tmp_path: Path) -> None:
    with SandboxServer(config(tmp_path, token_seconds=0, client_credentials=False)) as strict:
        ended = token(strict, grant_type="password", username=SERVICENOW[0], password=SERVICENOW[1])
        table = f"{strict.url}/api/now/table/incident"
        assert requests.get(table, headers=bearer(ended), timeout=10).status_code == 401
        assert token(strict, grant_type="client_credentials").json()["error"] == "unauthorized_client"


def test_a_changed_ticket_is_read_changed(server: SandboxServer) -> None:
    before = rows(server, query=f"{MARCH}^state=7", limit=1, exclude_reference_link="true")[0]
    change = {"number": before["number"], "state": "2", "assignment_group": "Second Level"}
    assert requests.post(f"{server.url}/sandbox/tickets", json=change, timeout=10).status_code == 201
    after = rows(server, query=f"number={before['number']}", display_value="true", exclude_reference_link="true")
    assert [(r["state"], r["assignment_group"], r["sys_id"]) for r in after] == [
        ("In Progress", "Second Level", before["sys_id"])
    ]


def test_a_batch_is_served_with_the_callers_credential_only(server: SandboxServer) -> None:
    asked = {"batch_request_id": 1, "rest_requests": [{"id": "a", "method": "GET", "url": "/api/now/table/incident"}]}
    address = f"{server.url}/api/now/v1/batch"
    statuses = [
        requests.post(address, json=asked, auth=auth, timeout=10).json()["serviced_requests"][0]["status_code"]
        for auth in (SERVICENOW, ("proforma.reader", "no"))
    ]
    assert statuses == [200, 401]
    assert requests.post(address, json={"rest_requests": [{"url": "http://other/"}]}, timeout=10).status_code == 400


@pytest.mark.real_tickets
def test_the_real_month_gives_its_control_figures(tmp_path: Path) -> None:
    real = os.environ.get("PROFORMA_REAL_TICKETS")
    if not real:
        pytest.skip("set PROFORMA_REAL_TICKETS=FILE (a ServiceNow export) to run this test")
    with SandboxServer(config(tmp_path, tickets=Path(real), timezone="UTC")) as full:
        march = "{0}>=2016-03-01 00:00:00^{0}<2016-04-01 00:00:00"
        resolved = march.format("resolved_at")
        counts = [get(full, limit=1, query=f"{resolved}^priority={p}")[2]["X-Total-Count"] for p in "1234"]
        assert counts == ["62", "126", "6415", "275"]
        assert len(rows(full, query=resolved, fields="sys_id", limit=10_000)) == 6878
        unresolved = march.format("closed_at") + "^resolved_atISEMPTY"
        assert get(full, limit=1, query=unresolved)[2]["X-Total-Count"] == "463"
        assert full.stock.findings == ()
