"""The lab's data: whatever is wrong here would show only after minutes of booting hosts."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.host_lib.places import Group
from scripts.lab_lib import houses, inventory, layers, settings, topology
from scripts.lab_lib.places import Lab

ENDS = [(host.name, net, address) for host in topology.HOSTS for net in host.nets for address in net.addresses]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(Group("lab"), tmp_path / "state", tmp_path / "cache")
    made.private(made.state)
    settings.write_sites(made)
    return made


def test_no_address_is_given_twice() -> None:
    addresses = [ipaddress.ip_interface(address).ip for _, _, address in ENDS]
    moving = {ipaddress.ip_address(one) for one in (topology.SERVICE_ADDRESS, topology.PRIVATE_SERVICE_ADDRESS)}
    assert len(set(addresses)) == len(addresses)
    assert not moving & set(addresses), "the service addresses are nobody's until a VPN host is active"


def test_all_ends_of_a_network_are_in_one_range() -> None:
    for one, other in pairwise(sorted(ENDS, key=lambda end: end[1].name)):
        if one[1].name == other[1].name:
            assert ipaddress.ip_interface(one[2]).network == ipaddress.ip_interface(other[2]).network


def test_every_gateway_of_a_route_is_on_a_network_of_the_host() -> None:
    for host in topology.HOSTS:
        networks = [ipaddress.ip_interface(address).network for net in host.nets for address in net.addresses]
        for _, via in host.routes:
            assert any(ipaddress.ip_address(via) in network for network in networks), host.name


def test_no_network_of_the_lab_leads_to_this_machine() -> None:
    assert "uplink" not in {net.name for host in topology.HOSTS for net in host.nets}


def test_every_host_has_a_layer_and_either_the_roles_or_a_house_of_its_own() -> None:
    for host in topology.HOSTS:
        assert host.layer in (*layers.SCRIPTED, *layers.BAKED)
        assert bool(host.appliance) != (host.name in houses.GIVEN_TO), host.name


def test_a_vpn_host_takes_the_site_files_as_the_lab_uses_them(lab: Lab) -> None:
    house = settings.house(lab)
    gateways = {site.customer: str(site.gateway.address) for site in house.sites}
    assert gateways == {name: topology.BY_NAME[f"{name[-1]}-gateway"].address for name in ("example-a", "example-b")}
    assert house.gateway.pair is not None


def test_both_vpn_hosts_name_each_other_and_one_is_preferred() -> None:
    a, b = settings.gateway("vpn-a"), settings.gateway("vpn-b")
    assert (a["management"]["peer"], b["management"]["peer"]) == (b["private"]["address"], a["private"]["address"])
    assert (a["pair"]["preferred"], b["pair"]["preferred"]) == (True, False)


def test_secrets_are_made_once_and_for_root_alone(lab: Lab) -> None:
    made = settings.secrets_of(lab)
    assert settings.secrets_of(lab).values == made.values
    assert lab.secrets.stat().st_mode & 0o077 == 0
    assert made["secret_key"] not in repr(made)


def test_the_portal_and_the_worker_ask_for_nothing_but_what_the_firewall_lets_out() -> None:
    asked = {(to, port) for rule in inventory.OUTBOUND for to in rule["to"] for port in rule["ports"]}
    names = topology.NAMES | topology.CUSTOMER_NAMES["example-a"] | topology.CUSTOMER_NAMES["example-b"]
    for name, port in (
        ("database.provider.example", "5432"),
        ("servicenow.corp.customer-a.example", "443"),
        ("sap.corp.customer-a.example", "44300"),
        ("proxy.customer-b.example", "3128"),
    ):
        assert (names[name], port) in asked
