"""Credentials of a customer who left the inventory leave the hosts, and with them every later backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.private_etc import PrivateEtc, made

ACME: dict[str, Any] = {"username": "reader", "password": "of-acme"}

pytestmark = pytest.mark.slow


@pytest.fixture
def host(tmp_path: Path) -> PrivateEtc:
    return made(tmp_path, "proforma-worker", "proforma-web")


def there(host: PrivateEtc) -> list[str]:
    folder = host.etc / "proforma/credentials"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json"))


def worker(host: PrivateEtc, *references: str) -> None:
    code, said = host.tasks("worker", "credentials", worker_credentials=dict.fromkeys(references, ACME))
    assert code == 0, said
    assert "of-acme" not in said


def portal(host: PrivateEtc, *references: str) -> None:
    code, said = host.tasks("portal", "inbound", portal_inbound_credentials=dict.fromkeys(references, ACME))
    assert code == 0, said
    assert "of-acme" not in said


def test_what_is_not_in_the_variable_goes_and_what_the_other_role_put_there_stays(host: PrivateEtc) -> None:
    (host.etc / "proforma/credentials").mkdir(parents=True)
    worker(host, "customers/acme/source", "customers/left/source")
    portal(host, "customers/acme/inbound", "customers/left/inbound")
    assert len(there(host)) == 4
    worker(host, "customers/acme/source")
    assert there(host) == ["customers/acme/inbound.json", "customers/acme/source.json", "customers/left/inbound.json"]
    portal(host, "customers/acme/inbound")
    assert there(host) == ["customers/acme/inbound.json", "customers/acme/source.json"]
    worker(host)
    assert there(host) == ["customers/acme/inbound.json"]
