"""The door out: whom it talks to, and whom it trusts."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import address_guard
from portal.lib.address_guard import refusal
from portal.lib.http import Http, HttpError
from portal.lib.http_errors import of_exception
from tests.support.certificates import Authority, make_authority
from tests.support.scripted_server import Scripted, answers_json, scripted_server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def tls_server(authority: Authority) -> Iterator[Scripted]:
    with scripted_server(authority.server_context()) as scripted:
        scripted.does(answers_json({"ok": True}))
        yield scripted


def error_of(http: Http) -> HttpError:
    with pytest.raises(HttpError) as caught:
        http.get_json("/api")
    return caught.value


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "0.0.0.0",  # noqa: S104  nothing is bound
        "0.1.2.3",
        "::",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ],
)
def test_an_address_of_the_cloud_or_of_nobody_is_always_refused(address: str) -> None:
    assert refusal(address, allow_loopback=False)
    assert refusal(address, allow_loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_the_machine_itself_is_reached_in_test_mode_only(address: str) -> None:
    assert refusal(address, allow_loopback=False)
    assert not refusal(address, allow_loopback=True)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.16.0.1", "192.168.1.1", "fd12::1", "93.184.216.34", "2001:db8::1"]
)
def test_customers_behind_the_tunnel_and_public_hosts_are_reached(address: str) -> None:
    assert not refusal(address, allow_loopback=False)


@given(st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_no_notation_hides_a_link_local_address(address: ipaddress.IPv4Address) -> None:
    for written in (str(address), f"::ffff:{address}", str(ipaddress.IPv6Address(int(address) | 0x64FF9B << 96))):
        assert refusal(written, allow_loopback=True)


def test_a_name_that_means_the_machine_itself_is_refused() -> None:
    error = error_of(Http("https://localhost:1"))
    assert (error.sent, error.permanent) == ("no", True)
    assert "loopback" in str(error)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.1.2.3", "2852039166", "0xa9fea9fe"])
def test_a_literal_address_in_any_notation_is_refused_at_the_door(host: str) -> None:
    error = error_of(Http(f"http://{host}", allow_loopback=True, attempts=1))
    assert error.sent == "no"
    assert "refused" in str(error) or "no address" in str(error) or "cannot be read" in str(error)


def test_one_bad_address_among_good_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, ["10.0.0.1", "169.254.169.254"])
    assert "metadata" in str(error_of(Http("https://mixed.example.com")))


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, tls_server: Scripted, authority: Authority
) -> None:
    """A name server that answers with another address the second time is not asked a second time."""
    asked = resolves(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    port = tls_server.url.rpartition(":")[2]
    http = Http(f"https://localhost:{port}", allow_loopback=True, ca_file=str(authority.ca))
    assert http.get_json("/api").data == {"ok": True}
    assert asked == ["localhost"]


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The name server's answers, in turn; returns the list of the names that it is asked for."""
    asked: list[str] = []
    real, waiting = socket.getaddrinfo, list(answers)

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("127.0.0.1", "169.254.169.254", "10.0.0.1"):
            return real(host, port, *args, **kwargs)
        asked.append(host)
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    ("base_url", "word"),
    [
        ("http://customer.example.com", "not encrypted"),
        ("ftp://customer.example.com", "no base URL"),
        ("customer.example.com", "no base URL"),
        ("https://", "no base URL"),
        ("https://host/?token=secret-1", "no base URL"),
        ("https://user:secret-1@host", "user name"),
    ],
)
def test_a_base_url_that_is_none_is_refused_without_showing_secrets(base_url: str, word: str) -> None:
    with pytest.raises(HttpError) as caught:
        Http(base_url)
    assert word in str(caught.value)
    assert "secret-1" not in str(caught.value)
    assert caught.value.sent == "no"


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent(tls_server: Scripted) -> None:
    error = error_of(Http(tls_server.url, allow_loopback=True))
    assert (error.sent, error.permanent, tls_server.requests) == ("no", True, [])
    assert "not trusted" in str(error)


def test_the_customers_own_authority_is_trusted_when_it_is_named(tls_server: Scripted, authority: Authority) -> None:
    http = Http(tls_server.url, allow_loopback=True, ca_file=str(authority.ca))
    assert http.get_json("/api").data == {"ok": True}


def test_the_environment_can_neither_add_trust_nor_a_proxy(
    tls_server: Scripted, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))
    assert "not trusted" in str(error_of(Http(tls_server.url, allow_loopback=True)))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    http = Http(tls_server.url, allow_loopback=True, ca_file=str(authority.ca))
    assert http.get_json("/api").data == {"ok": True}


def test_a_client_certificate_is_shown_and_without_it_nothing_arrives(authority: Authority) -> None:
    with scripted_server(authority.server_context(ask_for_client=True)) as server:
        server.does(answers_json({"ok": True}))
        ours = Http(server.url, allow_loopback=True, ca_file=str(authority.ca), client_cert=str(authority.client))
        assert ours.get_json("/api").data == {"ok": True}
        with pytest.raises(HttpError):
            Http(server.url, allow_loopback=True, ca_file=str(authority.ca)).post("/idoc", b"<IDOC/>")
        assert len(server.requests) == 1


@pytest.mark.parametrize(("alert", "sent"), [("TLSV13_ALERT_CERTIFICATE_REQUIRED", "no"), ("UNEXPECTED_EOF", "maybe")])
def test_a_handshake_that_was_refused_late_is_told_from_a_broken_connection(alert: str, sent: str) -> None:
    """With TLS 1.3 the refusal of our certificate is heard after the request was written."""
    cause = ssl.SSLError(1, f"[SSL: {alert}] (_ssl.c:1)")
    cause.reason = alert
    error = of_exception(cause, where="POST https://host/idoc", opened=True)
    assert (error.sent, error.permanent, "client certificate" in str(error)) == (sent, sent == "no", sent == "no")


def test_speaking_tls_to_a_plain_server_sends_nothing() -> None:
    with scripted_server() as plain:
        plain.does(answers_json({}))
        url = plain.url.replace("http:", "https:")
        with pytest.raises(HttpError) as caught:
            Http(url, allow_loopback=True).post("/idoc", b"<IDOC/>")
        assert (caught.value.sent, plain.requests) == ("no", [])


def test_a_file_that_is_missing_is_named_as_a_setting(tmp_path: Path) -> None:
    for setting in ("ca_file", "client_cert"):
        with pytest.raises(HttpError, match=setting):
            Http("https://host", **{setting: str(tmp_path / "none.pem")})  # type: ignore[arg-type]


def test_a_sandbox_is_not_believed_in_production(
    tls_server: Scripted, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls_server.does(answers_json({"ok": True}, X_Proforma_Sandbox="1"))
    assert Http(tls_server.url, allow_loopback=True, ca_file=str(authority.ca)).get_json("/api").status == 200
    monkeypatch.setattr(address_guard, "refusal", lambda *_args, **_kwargs: "")  # as if it stood elsewhere
    error = error_of(Http(tls_server.url, ca_file=str(authority.ca)))
    assert error.permanent
    assert "sandbox" in str(error)
