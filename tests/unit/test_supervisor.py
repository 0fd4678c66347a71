"""What a service tells its supervisor, over a real socket."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from portal.lib import supervisor


def listening(address: str) -> socket.socket:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.settimeout(5)
    receiver.bind(address)
    return receiver


def test_a_supervisor_hears_that_a_service_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with listening(str(tmp_path / "notify")) as receiver:
        supervisor.tell(supervisor.READY)
        assert receiver.recv(100) == b"READY=1"


def test_a_supervisor_may_listen_without_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = f"proforma-{tmp_path.name}-{id(tmp_path)}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with listening(f"\0{name}") as receiver:
        supervisor.tell(supervisor.STOPPING)
        assert receiver.recv(100) == b"STOPPING=1"


def test_without_a_supervisor_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    supervisor.tell(supervisor.READY)
