"""The stand-in for API Gateway's data plane: what it hands to the function has the shape of Amazon's own event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from lambdas.intake import request
from scripts.gateway_lib import door
from scripts.gateway_lib.door import Api
from scripts.gateway_lib.runtime_api import Function

SAMPLE = Path(request.__file__).parent / "events/acknowledgement_basic.json"
API = Api("a1b2c3d4e5", "live", "/inbox/{kind}/{customer}")


class Remembers(Function):
    """Answers as the intake function does when it has taken something."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def invoke(self, event: Any) -> tuple[str, Any]:
        self.seen.append(event)
        return "response", {"statusCode": 202, "headers": {"Retry-After": "30"}, "body": '{"reference": "r"}'}


@pytest.fixture
def served() -> Iterator[tuple[str, Remembers]]:
    function = Remembers()
    with door.serving(API, function) as url:
        yield url, function


def names(value: Any, sample: Any, at: str = "") -> Iterator[str]:
    """Keys that Amazon's event does not have; headers are the sender's own."""
    if isinstance(value, Mapping) and not at.lower().endswith("headers"):
        for key, inner in value.items():
            if key not in sample:
                yield f"{at}.{key}"
            else:
                yield from names(inner, sample[key], f"{at}.{key}")


def test_the_event_has_amazons_shape_and_intake_reads_it(served: tuple[str, Remembers]) -> None:
    url, function = served
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><ü/>'.encode("latin-1")
    headers = {"Content-Type": "text/xml", "X-Api-Key": "k"}
    answer = requests.post(f"{url}/inbox/acknowledgements/acme", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (202, {"reference": "r"})
    assert answer.headers["Retry-After"] == "30"
    (event,) = function.seen
    assert list(names(event, json.loads(SAMPLE.read_text()))) == []
    read = request.read(event)
    assert (read.kind, read.customer, read.source) == ("acknowledgements", "acme", "127.0.0.1")
    assert (read.body(1000), read.headers["x-api-key"], read.method) == (body, "k", "POST")


@pytest.mark.parametrize("path", ["/inbox/acknowledgements", "/inbox/a/b/c", "/other", ""])
def test_a_path_that_the_api_does_not_have_never_reaches_the_function(served: tuple[str, Remembers], path: str) -> None:
    url, function = served
    assert requests.post(f"{url}{path}", data=b"x", timeout=10).status_code == 403
    assert function.seen == []
