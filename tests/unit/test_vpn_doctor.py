"""What the doctor says of a VPN host that is one of a pair. The state is as strongswan/pair writes it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.operations.doctor.host import Host
from scripts.operations.doctor.pair import pair
from scripts.operations.doctor.portal import tunnels
from strongswan.pair.machine import Role

WELL: dict[str, Any] = {
    "role": "standby",
    "ready": True,
    "daemon_answers": True,
    "held_back": False,
    "trouble": "",
    "configuration_differs": False,
    "peer": {"role": "active", "ready": True, "heard_ago": 0.4},
}
DOWN = {"name": "example-a", "up": False, "ike_state": "none"}


def host(root: Path, age: float = 0.0, **state: Any) -> Host:
    written = {
        "/etc/proforma/doctor.json": {"roles": ["vpn"]},
        "/etc/proforma-vpn/pair.json": {},
        "/run/proforma-vpn/state.json": {"at": time.time(), "daemon_answers": True, "tunnels": [DOWN]},
        "/run/proforma-vpn/pair.json": WELL | {"at": time.time() - age} | state,
    }
    for name, values in written.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    return Host(root)


def test_of_a_standby_no_tunnel_is_asked_for_and_of_the_active_every_one(tmp_path: Path) -> None:
    assert list(tunnels(host(tmp_path, role=Role.STANDBY.value))) == []
    assert [one.where for one in tunnels(host(tmp_path, role=Role.ACTIVE.value))] == ["example-a"]


def test_a_whole_pair_and_a_single_host_are_well(tmp_path: Path) -> None:
    assert list(pair(host(tmp_path))) == []
    assert list(pair(host(tmp_path, role="active"))) == []
    single = host(tmp_path, age=1000)
    (tmp_path / "etc/proforma-vpn/pair.json").unlink()
    assert list(pair(single)) == []


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"at": 1.0}, "Nothing is known"),
        ({"peer": None}, "is not heard"),
        ({"peer": {"role": "active", "heard_ago": 61.0}}, "is not heard"),
        ({"configuration_differs": True}, "differ"),
        ({"held_back": True}, "held back"),
        ({"trouble": "The Elastic IP was not moved: UnauthorizedOperation"}, "has failed"),
        ({"ready": False, "daemon_answers": False}, "could not take over"),
    ],
)
def test_what_keeps_a_pair_from_taking_over_is_said(tmp_path: Path, state: dict[str, Any], says: str) -> None:
    (found,) = pair(host(tmp_path, **state))
    assert says in found.what
    assert found.cause
    assert found.remedy
