"""A sandbox customer in this process, ways to ask it, IDocs to post, and a receiver of its acknowledgements."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests.structures import CaseInsensitiveDict

from sandbox.config import SandboxConfig, Secrets
from sandbox.server import SandboxServer

SECRETS = {
    "servicenow": {"username": "proforma.reader", "password": "sn-pass", "client_id": "abc", "client_secret": "xyz"},
    "sap": {"username": "PROFORMA", "password": "sap-pass"},
    "acknowledgement": {"username": "customer-sap", "password": "ack-pass"},
}
CONTROL = {
    "TABNAM": "EDI_DC40",
    "MANDT": "100",
    "DOCNUM": "0000000000004711",
    "DIRECT": "2",
    "IDOCTYP": "INVOIC02",
    "MESTYP": "INVOIC",
    "MESCOD": "PAR",
    "MESFCT": "PRF",
    "SNDPOR": "PROFORMA",
    "SNDPRT": "LS",
    "SNDPRN": "PROFORMA",
    "RCVPOR": "SAPCLNT100",
    "RCVPRT": "LS",
    "RCVPRN": "CUSTOMER",
}
SERVICENOW = ("proforma.reader", "sn-pass")
SAP = ("PROFORMA", "sap-pass")
Answer = tuple[int, Any, CaseInsensitiveDict[str]]


def config(state: Path, **values: Any) -> SandboxConfig:
    """A sandbox of March 2026 in Berlin; `values` are fields of SandboxConfig."""
    plain = SandboxConfig(secrets=Secrets.from_dict(SECRETS), state=state, period="2026-03", acknowledge_after=0.0)
    return replace(plain, **values)


def invoic(number: str = "PF-2026-000001", nets: tuple[str, ...] = ("1000.00", "234.50"), **changes: Any) -> bytes:
    """An INVOIC02 as a supplier sends it. `changes`: net, tax, gross, or a field of EDI_DC40 ("" leaves it out)."""
    net = Decimal(changes.pop("net", "") or sum(map(Decimal, nets)))
    tax = Decimal(changes.pop("tax", "") or (net * Decimal("0.19")).quantize(Decimal("0.01")))
    gross = changes.pop("gross", "") or net + tax
    control = {**CONTROL, **changes}
    items = [
        _segment("E1EDP01", {"POSEX": f"{i:06d}"}, _segment("E1EDP26", {"QUALF": "003", "BETRG": amount}))
        for i, amount in enumerate(nets, 1)
    ]
    sums = [
        _segment("E1EDS01", {"SUMID": sum_id, "SUMME": str(amount)})
        for sum_id, amount in (("010", net), ("005", tax), ("011", gross))
    ]
    head = _segment("E1EDK01", {"CURCY": "EUR"}) + _segment("E1EDK02", {"QUALF": "009", "BELNR": number})
    body = _segment("EDI_DC40", control) + head + "".join(items) + "".join(sums)
    return f'<?xml version="1.0" encoding="UTF-8"?><INVOIC02><IDOC BEGIN="1">{body}</IDOC></INVOIC02>'.encode()


def _segment(name: str, fields: dict[str, str], children: str = "") -> str:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items() if value)
    return f'<{name} SEGMENT="1">{inner}{children}</{name}>'


def post_idoc(url: str, data: bytes, *, client: str = "100", timeout: float = 10, auth: Any = SAP) -> requests.Response:
    query = {"sap-client": client}
    return requests.post(f"{url}/sap/bc/idoc_xml", params=query, data=data, auth=auth, timeout=timeout)


def look_up(url: str, number: str) -> dict[str, Any]:
    response = requests.get(f"{url}/sap/bc/proforma_status", params={"number": number}, auth=SAP, timeout=10)
    assert response.status_code == 200
    return dict(response.json())


def fault(url: str, **what: Any) -> None:
    response = requests.post(f"{url}/sandbox/faults", json=what, timeout=10)
    assert response.status_code == 201, response.text


def until(true: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not true after {seconds} seconds"
        time.sleep(0.02)


def get(server: SandboxServer, path: str = "/api/now/table/incident", **params: Any) -> Answer:
    auth = params.pop("auth", SERVICENOW)
    named = {name if name.startswith("sys_") else f"sysparm_{name}": value for name, value in params.items()}
    response = requests.get(server.url + path, params=named, auth=auth, timeout=20)
    return response.status_code, response.json(), response.headers


def rows(server: SandboxServer, path: str = "/api/now/table/incident", **params: Any) -> list[dict[str, Any]]:
    status, body, _ = get(server, path, **params)
    assert status == 200, body
    return list(body["result"])


def token(server: SandboxServer, **form: str) -> requests.Response:
    client = {"client_id": "abc", "client_secret": "xyz"}
    return requests.post(f"{server.url}/oauth_token.do", data={**client, **form}, timeout=10)


def bearer(answer: requests.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def make_certificate(certificate: Path, key: Path) -> None:
    """A self-signed certificate for 127.0.0.1, good for a day."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(private.private_bytes(*forms))


@dataclass
class Receiver:
    """Takes acknowledgements like the portal's inbox. The first `refuse` of them are answered with 500."""

    refuse: int = 0
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    """(Authorization, body)"""

    def __enter__(self) -> Receiver:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/inbox/aleaud"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append((self.headers.get("Authorization", ""), body))
                self.send_response(500 if len(receiver.seen) <= receiver.refuse else 202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: pytest's output is for failures."""

        return Handler
