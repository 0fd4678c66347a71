"""The zips as Lambda runs them: unpacked, under Amazon's own runtime client, events over the Runtime API."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import time
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from scripts import lambdas as builder
from scripts.gateway_lib.runtime_api import Function, function_running
from tests.lambdas.conftest import Cloud
from tests.lambdas.intake_support import event, signed
from tests.lambdas.test_vault import PDF, alarms, entry, payload, record, store

pytestmark = pytest.mark.slow

if importlib.util.find_spec("awslambdaric") is None:
    if os.environ.get("CI") == "true":
        pytest.fail("awslambdaric is missing: ./scripts/setup --dev")
    pytest.skip("awslambdaric is missing: ./scripts/setup --dev", allow_module_level=True)

Runner = Callable[[str], AbstractContextManager[Function]]


@pytest.fixture
def running(cloud: Cloud, tmp_path: Path) -> Runner:
    def start(name: str) -> AbstractContextManager[Function]:
        task_root = tmp_path / name
        zipfile.ZipFile(BytesIO(builder.pack(name))).extractall(task_root)
        log = tmp_path / "function.log"
        return function_running(task_root, f"lambdas.{name}.handler.handler", cloud.environment, log)

    return start


def events_of(log: Path) -> list[str]:
    return [json.loads(line)["event"] for line in log.read_text().splitlines() if line.startswith("{")]


def test_intake_takes_a_proxy_event_of_api_gateway_and_survives_nonsense(
    cloud: Cloud, running: Runner, tmp_path: Path
) -> None:
    cloud.sender("acme", method="hmac")
    now = time.time()
    good = signed(event("hmac"), at=now)
    good["requestContext"]["requestTimeEpoch"] = int(now * 1000)
    with running("intake") as function:
        answers = [function.invoke(one) for one in (good, None, ["x"], event("hmac"), good)]
    assert [kind for kind, _ in answers] == ["response"] * 5
    assert [answer["statusCode"] for _, answer in answers] == [202, 400, 400, 401, 202]
    assert len(cloud.messages(cloud.environment["EVENTS_QUEUE_URL"])) == 1
    told = [one for one in events_of(tmp_path / "function.log") if one != "metric"]
    assert told == ["intake_taken", *["intake_refused"] * 3, "intake_taken"]


def test_vault_takes_a_batch_of_sqs_and_returns_the_poison(cloud: Cloud, running: Runner) -> None:
    key, version = store(cloud)
    forged, forged_version = store(cloud, b"forged", key="PF-2026-000002/" + "0" * 64 + "/PF-2026-000002.pdf")
    poison = {**record(key, version), "messageId": "m-2", "body": "{"}
    batch = [record(key, version, message_id="m-1"), poison, record(forged, forged_version, message_id="m-3")]
    with running("vault") as function:
        answers = [function.invoke({"Records": batch}), function.invoke(payload("test_event")), function.invoke({})]
    assert answers[0] == ("response", {"batchItemFailures": [{"itemIdentifier": "m-2"}]})
    assert answers[1] == ("response", {"batchItemFailures": []})
    kind, error = answers[2]
    assert (kind, error["errorType"]) == ("error", "ValueError")
    assert entry(cloud, key, version)["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert alarms(cloud) == [["checksum_differs"]]


def test_every_function_starts_from_its_zip_alone(running: Runner) -> None:
    """An import that only the repository can satisfy ends in an error of the start, not of an invocation."""
    for name in builder.names():
        with running(name) as function:
            kind, answer = function.invoke({"nonsense": True})
        told: Any = answer.get("errorMessage", "") if kind == "error" else ""
        assert "Unable to import" not in told
        assert "No module named" not in told
