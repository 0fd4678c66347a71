"""What was asked of EC2: a door before moto that keeps each request.

moto forgets what it has no use for, such as encryption.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import requests

LONGEST = 60.0
OF_ONE_CONNECTION = {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Asked:
    """`calls`: the parameters of each request, in EC2's own words, in order."""

    endpoint: str
    calls: list[dict[str, str]] = field(default_factory=list)

    def of(self, action: str) -> list[dict[str, str]]:
        """Those of one action, for example `RunInstances`."""
        return [one for one in self.calls if one.get("Action") == action]


@contextmanager
def listening(behind: str) -> Iterator[Asked]:
    """A door on loopback; what comes through it goes to the endpoint `behind`."""
    calls: list[dict[str, str]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _door(behind, calls)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Asked(f"http://127.0.0.1:{server.server_port}", calls)
        finally:
            server.shutdown()
            thread.join()


def _door(behind: str, calls: list[dict[str, str]]) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            calls.append(dict(parse_qsl(body.decode())))
            given = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = requests.post(f"{behind}{self.path}", data=body, headers=given, timeout=LONGEST)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in OF_ONE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """moto writes a log already."""

    return Door
