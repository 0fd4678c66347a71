"""API Gateway's data plane: HTTP becomes the proxy event of a REST API, and the function's answer becomes HTTP."""

from __future__ import annotations

import base64
import re
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.gateway_lib.runtime_api import Function

LOOPBACK = ("127.0.0.1", 0)
SLOWEST = 60.0
"""seconds for which a sender may say nothing"""


@dataclass(frozen=True, slots=True)
class Api:
    """A REST API: its id, its stage, and the one path that leads to the function."""

    id: str
    stage: str
    path: str


class _Door(BaseHTTPRequestHandler):
    """`one_by_one`: one function is one container."""

    timeout = SLOWEST
    api: Api
    function: Function
    tls: ssl.SSLContext | None
    one_by_one: threading.Lock

    def setup(self) -> None:
        """The handshake here, in the thread of this sender: one that says nothing keeps nobody else waiting."""
        if self.tls:
            self.request.settimeout(SLOWEST)
            self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        event = proxy_event(self.api, self, body)
        if event is None:
            return self._answer(403, b'{"message": "Missing Authentication Token"}', {})
        with self.one_by_one:
            how, said = self.function.invoke(event)
        if how != "response":
            return self._answer(502, b'{"message": "Internal server error"}', {})
        return self._answer(said["statusCode"], (said["body"] or "{}").encode(), said.get("headers", {}))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def serving(
    api: Api, function: Function, at: tuple[str, int] = LOOPBACK, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """The address of the stage."""
    known = {"api": api, "function": function, "tls": tls, "one_by_one": threading.Lock()}
    server = _Server(at, type("Door", (_Door,), known))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        host, port = server.server_address[:2]
        yield f"{'https' if tls else 'http'}://{host!s}:{port}/{api.stage}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that breaks off, or speaks no TLS, is nobody's failure."""


def proxy_event(api: Api, request: BaseHTTPRequestHandler, body: bytes) -> dict[str, Any] | None:
    """Payload 1.0 of a REST API with binary media type `*/*`; None when the path is not the API's."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", f"/{api.stage}{api.path}")
    found = re.fullmatch(pattern, request.path)
    if found is None:
        return None
    headers = dict(request.headers.items())
    return {
        "resource": api.path,
        "path": request.path.removeprefix(f"/{api.stage}"),
        "httpMethod": request.command,
        "headers": headers,
        "multiValueHeaders": {name: request.headers.get_all(name) for name in headers},
        "queryStringParameters": None,
        "pathParameters": found.groupdict(),
        "requestContext": {
            "apiId": api.id,
            "stage": api.stage,
            "resourcePath": api.path,
            "httpMethod": request.command,
            "path": request.path,
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": int(time.time() * 1000),
            "identity": {"sourceIp": request.client_address[0]},
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
