"""A VPN host as the role leaves it, asked on the host itself."""

from __future__ import annotations

import json
import time
from typing import Any

Host = Any
UNITS = ["strongswan", "vpn-firewall", "vpn-routes", "vpn-watchdog"]
LEAST = 2.5


def paired(host: Host) -> bool:
    return bool(host.file("/etc/proforma-vpn/pair.json").exists)


def told(host: Host, command: str) -> str:
    return str(host.check_output(command))


def test_every_unit_runs_also_after_a_reboot(host: Host) -> None:
    for unit in [*UNITS, *(["vpn-pair"] if paired(host) else [])]:
        service = host.service(unit)
        assert service.is_running, unit
        assert service.is_enabled, unit


def test_every_unit_is_sandboxed(host: Host) -> None:
    for unit in [*UNITS, *(["vpn-pair"] if paired(host) else [])]:
        exposure = told(host, f"systemd-analyze security --no-pager {unit} | tail -1").split(": ")[1].split()[0]
        assert float(exposure) <= LEAST, unit


def test_keys_are_roots_alone(host: Host) -> None:
    for path in told(host, "find /etc/swanctl/private /etc/swanctl/secrets /etc/credstore -type f").splitlines():
        file = host.file(path)
        assert (file.user, file.mode) == ("root", 0o600), path


def test_no_customer_is_reached_in_clear_by_either_guard(host: Host) -> None:
    """From the host itself to a customer's network that no tunnel carries at the moment."""
    assert told(host, "nft list table inet proforma_vpn").count("policy drop") == 2
    network = next(one.split()[1] for one in told(host, "ip route show proto 142").splitlines() if "10.6" in one)
    target = network.split("/")[0].rsplit(".", 1)[0] + ".99"
    send = f"python3 -c \"import socket; socket.socket(2, 2).sendto(b'x', ('{target}', 9))\""
    refused = host.run(send)
    assert "No route to host" in refused.stderr, "the unreachable route"
    before = counted(host)
    host.run(f"ip route replace {target}/32 dev ens5; {send}; ip route del {target}/32")
    assert counted(host) > before, "the firewall alone"


def counted(host: Host) -> int:
    return int(told(host, "nft list counter inet proforma_vpn refused_clear").split("packets ")[1].split()[0])


def in_tunnel(host: Host) -> bool:
    return "INSTALLED" in told(host, "swanctl --list-sas")


def test_the_watchdog_writes_what_monitors_read(host: Host) -> None:
    state = json.loads(told(host, "cat /run/proforma-vpn/state.json"))
    assert state["daemon_answers"] is True
    assert time.time() - state["at"] < 30
    assert host.file("/run/proforma-vpn/state.json").mode == 0o644


def test_of_a_pair_one_holds_the_addresses_and_says_so(host: Host) -> None:
    if not paired(host):
        assert not host.service("vpn-pair").is_enabled
        return
    state = json.loads(told(host, "cat /run/proforma-vpn/pair.json"))
    held = "203.0.113.10/32" in told(host, "ip -4 -o address show dev ens5")
    assert held is (state["role"] == "active")
    assert (state["trouble"], state["daemon_answers"]) == ("", True)


def test_the_tunnel_stands_between_the_active_and_the_single_host(host: Host) -> None:
    if paired(host) and "203.0.113.10/32" not in told(host, "ip -4 -o address show dev ens5"):
        return  # the standby has none
    end = time.monotonic() + 40
    while not in_tunnel(host) and time.monotonic() < end:
        time.sleep(1)
    assert in_tunnel(host)
