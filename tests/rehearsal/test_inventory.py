"""What the rehearsal says of an inventory in which hosts would not get on with their load balancer."""

from __future__ import annotations

from scripts.rehearse_lib import inventory

NETWORKS = ["10.40.10.0/26", "10.40.10.64/26"]


def test_hosts_that_do_not_know_their_load_balancer_are_told() -> None:
    told = {"i-1": {"health_from": [], "proxies": NETWORKS}, "i-2": {"health_from": NETWORKS, "proxies": []}}
    assert [line.partition(" is ")[0] for line in inventory.unbalanced(told, NETWORKS)] == [
        "i-1: portal_health_from",
        "i-2: portal_proxies",
    ]


def test_without_a_load_balancer_nobodys_word_is_believed() -> None:
    told = {"i-1": {"health_from": [], "proxies": NETWORKS}}
    assert [line.partition(" is ")[0] for line in inventory.unbalanced(told, [])] == ["i-1: portal_proxies"]
