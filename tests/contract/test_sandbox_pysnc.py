"""ServiceNow's own client reads the sandbox and does not notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from pysnc import ServiceNowClient
from pysnc.auth import ServiceNowClientCredentialsFlow
from pysnc.exceptions import AuthenticationException

from sandbox.faults import Fault
from sandbox.server import SandboxServer
from tests.support.sandbox import SERVICENOW, bearer, config, make_certificate, token

MARCH = "resolved_at>=2026-02-28 23:00:00^resolved_at<2026-03-31 22:00:00"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """pysnc speaks https only; so this sandbox has a certificate of the day."""
    directory = tmp_path_factory.mktemp("secure")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    make_certificate(certificate, key)
    settings = config(directory, tls_certificate=certificate, tls_key=key, host="127.0.0.1")
    with SandboxServer(settings) as running:
        yield running


@pytest.fixture(autouse=True)
def _the_certificate_is_trusted(secure: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment, which a requests session prefers to its own `verify`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.config.tls_certificate))


@pytest.fixture
def client(secure: SandboxServer) -> ServiceNowClient:
    return ServiceNowClient(secure.url, SERVICENOW)


def test_pysnc_counts_and_pages_through_a_window(client: ServiceNowClient, secure: SandboxServer) -> None:
    record = client.GlideRecord("incident", batch_size=50)
    record.add_encoded_query(MARCH)
    record.order_by("number")
    record.query()
    numbers = [str(each.number) for each in record]
    assert len(numbers) == len(set(numbers)) == record.get_row_count()
    assert numbers == sorted(numbers)
    assert len(numbers) == sum(
        "2026-02-28 23:00:00" <= row["resolved_at"] < "2026-03-31 22:00:00" for row in secure.stock.tables["incident"]
    )


def test_pysnc_builds_queries_that_are_understood(client: ServiceNowClient, secure: SandboxServer) -> None:
    record = client.GlideRecord("incident")
    record.fields = ["number", "state", "priority"]
    condition = record.add_query("state", "6")
    condition.add_or_condition("state", "8")
    record.add_query("priority", "IN", "3,4")
    record.add_not_null_query("closed_at")
    record.order_by_desc("number")
    record.query()
    found = [str(each.number) for each in record]
    expected = [
        row["number"]
        for row in secure.stock.tables["incident"]
        if row["state"] in "68" and row["priority"] in "34" and row["closed_at"]
    ]
    assert found == sorted(expected, reverse=True)
    assert found


def test_pysnc_stops_at_its_limit(client: ServiceNowClient) -> None:
    record = client.GlideRecord("sc_req_item", batch_size=20)
    record.limit = 45
    record.query()
    assert len([each for each in record]) == 45  # noqa: C416 a GlideRecord has a len() of its own


def test_pysnc_gets_a_record_by_key_and_by_field(client: ServiceNowClient, secure: SandboxServer) -> None:
    row = secure.stock.tables["incident"].rows[7]
    by_key, by_field, nothing = (client.GlideRecord("incident") for _ in range(3))
    assert by_key.get(row["sys_id"])
    assert by_field.get("number", row["number"])
    assert str(by_key.short_description) == str(by_field.short_description) == row["short_description"]
    assert by_key.get_display_value("state") in ("Resolved", "Closed", "Canceled", "In Progress")
    assert (
        by_key.get_display_value("assignment_group") == secure.stock.names[("sys_user_group", row["assignment_group"])]
    )
    assert not nothing.get("0" * 32)


def test_pysnc_is_told_when_its_password_is_wrong(secure: SandboxServer) -> None:
    stranger = ServiceNowClient(secure.url, ("proforma.reader", "no"))
    with pytest.raises(AuthenticationException):
        stranger.GlideRecord("incident").query()


def test_pysnc_signs_in_by_client_credentials(secure: SandboxServer) -> None:
    flow = ServiceNowClientCredentialsFlow("abc", "xyz")
    record = ServiceNowClient(secure.url, flow).GlideRecord("incident")
    record.add_query("priority", "1")
    record.query()
    assert record.get_row_count() > 0


def test_pysnc_reads_with_a_token_of_the_password_grant(secure: SandboxServer) -> None:
    session = requests.Session()
    granted = token(secure, grant_type="password", username=SERVICENOW[0], password=SERVICENOW[1])
    session.headers.update(bearer(granted))
    record = ServiceNowClient(secure.url, session).GlideRecord("sc_req_item")
    record.query()
    assert record.get_row_count() == len(secure.stock.tables["sc_req_item"])


def test_pysnc_waits_when_it_is_told_too_many_requests(client: ServiceNowClient, secure: SandboxServer) -> None:
    secure.faults.add(Fault(status=429, count=2, retry_after=0))
    record = client.GlideRecord("incident", batch_size=10)
    record.limit = 5
    record.query()
    assert len([each for each in record]) == 5  # noqa: C416


def test_pysnc_sends_long_queries_by_batch(client: ServiceNowClient, secure: SandboxServer) -> None:
    keys = [row["sys_id"] for row in secure.stock.tables["incident"].rows[:400]]
    record = client.GlideRecord("incident", batch_size=150)
    record.add_query("sys_id", "IN", ",".join(keys))
    record.query()
    assert record.get_encoded_query().count(",") == 399
    assert [str(each.sys_id) for each in record] == sorted(keys)
