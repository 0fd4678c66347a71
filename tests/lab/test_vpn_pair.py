"""Two VPN hosts with everything that runs on them: who is active, and how long traffic stands still when that changes.

Tests run in the order they stand in; each leaves the pair whole."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from scripts.operations.doctor.pair import standby
from tests.support.vpn.lab import eventually
from tests.support.vpn.namespaces import needed
from tests.support.vpn.paired import Both, running

pytestmark = [pytest.mark.vpn, pytest.mark.slow]
CHAIN = "inet proforma_vpn input"
TARGET = 5.0
"""Seconds; the machine may be busy, so that a test fails at three times as many."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    needed("ip", "nft", "curl", "tcpdump", "swanctl", "charon-systemd")
    with running(tmp_path_factory.mktemp("pair")) as made:
        yield made


def whole(both: Both, active: str) -> bool:
    standby = {"gwa": "gwb", "gwb": "gwa"}[active]
    waits = both.state(standby)
    ready = waits.get("role") == "standby" and waits.get("ready") and waits["peer"]["role"] == "active"
    return both.active() == [active] and both.holders() == [active] and bool(ready) and both.reaches()


def _mute(both: Both, name: str) -> None:
    """This host hears its peer no more."""
    both.names.sh(name, f"nft insert rule {CHAIN} udp dport 5405 drop")


def _unmute(both: Both, name: str) -> None:
    handle = f"$(nft -a list chain {CHAIN} | sed -n 's/.*udp dport 5405 drop # handle //p')"
    both.names.sh(name, f"nft delete rule {CHAIN} handle {handle}")


def outage(both: Both, what: str, begun: float) -> None:
    eventually(both.reaches, 3 * TARGET, "traffic again")
    print(f"{what}: traffic again after {time.monotonic() - begun:.1f} s; the target is {TARGET:.0f}")  # noqa: T201


def test_after_listening_the_preferred_host_is_active_and_the_other_starts_nothing(both: Both) -> None:
    eventually(lambda: whole(both, "gwa"), 25, "a whole pair")
    assert not both.daemons["gwb"].installed("example-a")
    assert "CONNECTING" not in both.daemons["gwb"].swanctl("--list-sas").stdout
    assert both.state("gwa")["configuration_differs"] is False
    assert both.order("gwa", "status").returncode == 0
    assert [standby(both.state(name)) for name in ("gwa", "gwb")] == [False, True], "the doctor asks for tunnels of one"


def test_an_active_that_loses_power_is_replaced_within_seconds(both: Both) -> None:
    begun = time.monotonic()
    both.kill("gwa")
    outage(both, "power lost", begun)
    assert both.active() == ["gwb"]
    assert len(both.state("gwb")["moves"]) == 1


def test_one_that_comes_back_stays_behind_and_nothing_moves(both: Both) -> None:
    both.daemons["gwa"].start()
    both.daemons["gwa"].load()
    both.start("gwa")
    eventually(lambda: whole(both, "gwb"), 25, "the old active as standby")
    time.sleep(4)
    assert (both.active(), len(both.state("gwb")["moves"])) == (["gwb"], 1)


def test_an_operator_moves_it_in_a_moment(both: Both) -> None:
    begun = time.monotonic()
    done = both.order("gwa", "takeover")
    assert done.returncode == 0, done.stderr
    outage(both, "planned", begun)
    eventually(lambda: whole(both, "gwa"), 10, "a whole pair")


def test_a_restart_of_the_daemon_alone_moves_nothing_and_cuts_nothing(both: Both) -> None:
    epoch = both.state("gwa")["epoch"]
    both.end("gwa", signal.SIGKILL)
    both.start("gwa")
    for _ in range(10):
        assert both.reaches()
    time.sleep(3)
    assert (both.active(), both.state("gwa")["epoch"]) == (["gwa"], epoch)
    both.processes["gwa"].send_signal(signal.SIGHUP)
    time.sleep(3)
    assert (both.active(), both.state("gwa")["epoch"]) == (["gwa"], epoch)


def test_when_both_are_active_the_earlier_reign_ends(both: Both) -> None:
    for name in ("gwa", "gwb"):
        _mute(both, name)
    eventually(
        lambda: both.active() == ["gwa", "gwb"], 30, "two actives: neither hears the other"
    )  # not within 20 s of a move
    for name in ("gwa", "gwb"):
        _unmute(both, name)
    eventually(lambda: whole(both, "gwb"), 15, "one active: the later")


def test_a_standby_that_is_cut_off_takes_nothing(both: Both) -> None:
    both.names.batch("gwa", "link set ens5 down\nlink set ens6 down")
    time.sleep(5)
    assert both.holders() == ["gwb"]
    assert both.state("gwa")["held_back"] is True
    _mute(both, "gwa")  # its witness answers before its peer is heard: that is how it is when links come back
    both.names.batch("gwa", "link set ens5 up\nlink set ens6 up\nroute add default via 203.0.113.1")
    time.sleep(1)
    _unmute(both, "gwa")
    eventually(lambda: whole(both, "gwb"), 15, "a whole pair")


def test_an_active_that_loses_its_inner_link_leaves_the_address_to_the_other_and_comes_back_as_standby(
    both: Both,
) -> None:
    time.sleep(max(0.0, 21 - both.state("gwb")["active_for"]))  # not within 20 s of a move
    begun = time.monotonic()
    both.names.batch("gwb", "link set ens6 down")
    outage(both, "inner link lost", begun)
    eventually(lambda: both.active() == ["gwa"] and both.holders() == ["gwa"], 10, "one holder of the address")
    assert "203.0.113.10" not in both.names.sh("gwb", "ip -4 -o address show").stdout, (
        "not on the link that works either"
    )
    time.sleep(3)
    assert both.claimants(3) == {both.hardware("gwa")}, "nobody else tells the network that the address is his"
    both.names.batch("gwb", "link set ens6 up")
    eventually(lambda: whole(both, "gwa"), 15, "a whole pair")


def test_an_active_that_loses_its_way_to_the_internet_is_replaced_though_it_is_heard(both: Both) -> None:
    time.sleep(max(0.0, 21 - both.state("gwa")["active_for"]))
    begun = time.monotonic()
    both.names.batch("gwa", "link set ens5 down")
    outage(both, "way to the internet lost", begun)
    assert both.holders() == ["gwb"]
    both.names.batch("gwa", "link set ens5 up\nroute add default via 203.0.113.1")
    eventually(lambda: whole(both, "gwb"), 15, "a whole pair")


def test_a_daemon_that_is_told_to_stop_hands_over(both: Both) -> None:
    begun = time.monotonic()
    both.end("gwb", signal.SIGTERM)
    outage(both, "stopped", begun)
    assert both.holders() == ["gwa"]
