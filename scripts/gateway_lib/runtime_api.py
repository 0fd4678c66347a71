"""Lambda's Runtime API over HTTP (version 2018-06-01), as much of it as Amazon's runtime client asks for."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PREFIX = "/2018-06-01/runtime/"
LONGEST = 30.0  # seconds; gross, since the machine may be busy


@dataclass
class Function:
    """A function that runs in a process of its own. `outcomes` are ("response" or "error", what it said)."""

    events: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)
    outcomes: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    calls: int = 0

    def invoke(self, event: Any) -> tuple[str, Any]:
        """What became of one invocation."""
        self.calls += 1
        self.events.put((f"00000000-0000-4000-8000-{self.calls:012d}", json.dumps(event).encode()))
        return self.outcomes.get(timeout=LONGEST)


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    function: Function

    def do_GET(self) -> None:
        """The next invocation; waits for one, as the real one does."""
        if self.path != PREFIX + "invocation/next":
            return self._answer(404, b"{}", {})
        request_id, event = self.function.events.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 30) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:test",
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        }
        return self._answer(200, event, headers)

    def do_POST(self) -> None:
        """The outcome of an invocation, or of a start that failed."""
        said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.function.outcomes.put((self.path.rsplit("/", 1)[-1], json.loads(said or b"null")))
        self._answer(202, b'{"status":"OK"}', {})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def function_running(task_root: Path, handler: str, environment: Mapping[str, str], log: Path) -> Iterator[Function]:
    """The handler under Amazon's runtime client, with nothing of ours on its path but what the zip holds."""
    function = Function()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_Api,), {"function": function}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PROFORMA"))}
    surroundings |= {
        **environment,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": "test",
        "LAMBDA_TASK_ROOT": str(task_root),
        "PYTHONPATH": str(task_root),
    }
    command = [sys.executable, "-m", "awslambdaric", handler]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=task_root, env=surroundings, stdout=out, stderr=out)
    try:
        yield function
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()
