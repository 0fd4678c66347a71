"""An office whose customer is a sandbox of its own: what a test sends to SAP must not be there from another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import adapters
from sandbox.server import SandboxServer
from tests.support.issuing import STATUS_URL, endpoint_set
from tests.support.office import Office, office_open, sandbox_running


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path / "sandbox", tickets_count=30) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Only the IDoc is rendered: these tests are about what becomes of it."""
    monkeypatch.setattr(adapters, "EXPORTERS", {"idoc": adapters.EXPORTERS["idoc"]})
    settings.RETRY_SECONDS = 0.3
    opened = office_open(sandbox, directories / "credentials")
    endpoint_set(opened, status_url=STATUS_URL)
    return opened
