"""What moto's API Gateway lacks: a data plane. HTTP on loopback becomes the proxy event of the API that was applied."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.runtime_api import Function


@dataclass(frozen=True, slots=True)
class Api:
    """The applied API: its id, its stage, and the one path that leads to the function."""

    id: str
    stage: str
    path: str


def applied(cloud: Cloud, function: str) -> Api:
    """Raises RehearsalError when the API does not lead exactly one path, by POST alone, to the function."""
    gateway = cloud.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    (stage,) = gateway.get_stages(restApiId=api["id"])["item"]
    led = []
    for one in gateway.get_resources(restApiId=api["id"])["items"]:
        for method in one.get("resourceMethods", {}):
            asked = gateway.get_integration(restApiId=api["id"], resourceId=one["id"], httpMethod=method)
            if f":{function}/" in asked.get("uri", ""):
                led.append((method, one["path"], asked["type"].upper()))
    if [(method, kind) for method, _, kind in led] != [("POST", "AWS_PROXY")]:
        raise RehearsalError(f"The private API leads to {function} by {led}, and not by one POST as a proxy.")
    return Api(api["id"], stage["stageName"], led[0][1])


@contextmanager
def serving(api: Api, function: Function) -> Iterator[str]:
    """The address of the stage. One request at a time: one function is one container."""
    one_by_one = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            event = proxy_event(api, self, body)
            if event is None:
                return self._answer(403, {"message": "Missing Authentication Token"})
            with one_by_one:
                how, said = function.invoke(event)
            if how != "response":
                return self._answer(502, {"message": "Internal server error"})
            return self._answer(said["statusCode"], json.loads(said["body"] or "{}"))

        def _answer(self, status: int, said: Any) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/{api.stage}"
    finally:
        server.shutdown()
        server.server_close()


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
