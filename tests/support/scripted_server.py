"""A web server on loopback that behaves as a test tells it to, request by request."""

from __future__ import annotations

import contextlib
import gzip
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


@dataclass
class Scripted:
    """`script`: what to do with each request in turn; the last one is for all that follow."""

    url: str
    script: list[Behaviour] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    """method, target, headers, body"""
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)
    """set when the test is over, so that nobody goes on waiting"""

    def does(self, *script: Behaviour) -> None:
        self.script = list(script)

    def next(self) -> Behaviour:
        with self.lock:
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    scripted: Scripted

    def setup(self) -> None:
        super().setup()
        self.scripted.connections += 1

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.scripted.requests.append((self.command, self.path, dict(self.headers), body))
        with contextlib.suppress(ConnectionError):
            self.scripted.next()(self)

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815  the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Broken connections are what these tests are about."""


@contextlib.contextmanager
def scripted_server(context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Scripted]:
    """A running server, with TLS when a context is given."""
    handler = type("ScriptedHandler", (Handler,), {})
    server = _Server((host, 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scripted = Scripted(f"{'https' if context else 'http'}://{host}:{server.server_port}")
    handler.scripted = scripted  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        scripted.released.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def answers(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """A whole answer. Header names are given with `_` for `-`."""

    def do(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return do


def answers_json(data: Any, status: int = 200, **headers: str) -> Behaviour:
    return answers(status, json.dumps(data).encode(), Content_Type="application/json", **headers)


def answers_compressed(body: bytes) -> Behaviour:
    return answers(200, gzip.compress(body), Content_Encoding="gzip")


def breaks_off(sent: bytes = b'{"resu', promised: int = 5000) -> Behaviour:
    """The head and the beginning of a body, then the connection is closed."""

    def do(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(sent)
        handler.close_connection = True

    return do


def hangs_up(handler: Handler) -> None:
    """The request was read, and no answer comes."""
    handler.close_connection = True


def keeps_silent(handler: Handler) -> None:
    """The request was read, and nothing more happens until the test is over."""
    handler.scripted.released.wait(30)
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """A body that never ends, one byte after the other."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.scripted.released.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()
