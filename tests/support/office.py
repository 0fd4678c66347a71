"""A whole office for a test: the cast, a sandbox customer that runs, a contract with prices, credentials on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.contracts.models import Contract
from portal.domain.periods import Period
from sandbox.config import SandboxConfig, Secrets
from sandbox.server import SandboxServer
from tests.support.cast import cast_make
from tests.support.contracts import contract_make, prices_make

SECRETS = {
    "servicenow": {"username": "reader", "password": "reads", "client_id": "portal", "client_secret": "shared"},
    "sap": {"username": "idoc", "password": "sends"},
    "acknowledgement": {"username": "acme-sap", "password": "answers"},
}
_CREDENTIALS = {"source": "servicenow", "sap": "sap", "inbound": "acknowledgement"}
PERIOD = Period(2026, 3)


@dataclass
class Office:
    sandbox: SandboxServer
    contract: Contract
    period: Period


def credentials_write(directory: Path, code: str = "acme", secrets: dict[str, Any] = SECRETS) -> None:
    """The files that credential_read looks for, for one customer."""
    folder = directory / "customers" / code
    folder.mkdir(parents=True, exist_ok=True)
    for name, door in _CREDENTIALS.items():
        path = folder / f"{name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(secrets[door]))


@contextmanager
def sandbox_running(directory: Path, period: Period = PERIOD, **config: Any) -> Iterator[SandboxServer]:
    """A sandbox customer on a free port."""
    secrets = Secrets.from_dict(SECRETS)
    server = SandboxServer(SandboxConfig(secrets=secrets, state=directory, period=str(period), **config))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def office_open(sandbox: SandboxServer, credentials: Path, **contract: Any) -> Office:
    """The cast, and a contract with prices whose systems are the sandbox's."""
    cast_make()
    credentials_write(credentials)
    sap_url = f"{sandbox.url}/sap/bc/idoc_xml"
    made = contract_make(source_url=sandbox.url, sap_url=sap_url, test_marker="[TEST]", **contract)
    prices_make(made)
    return Office(sandbox, made, PERIOD)
