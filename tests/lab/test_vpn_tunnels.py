"""What strongswan/ promises, with a charon at every end and the wire watched. Tests run in the order they stand in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from strongswan.render import sheet, staff
from strongswan.render.algorithms import Profiles
from strongswan.render.site import Algorithms
from strongswan.watchdog import revoke
from strongswan.watchdog.__main__ import configured
from tests.support.vpn.certificates import Holder
from tests.support.vpn.lab import Lab, eventually, running
from tests.support.vpn.namespaces import needed

pytestmark = [pytest.mark.vpn, pytest.mark.slow]

# all but IKE, ESP in UDP, and our kernel's word that nobody listens on those two ports while charon is down
CLEAR = "ip and not udp port 500 and not udp port 4500 and not (icmp[icmptype] = icmp-unreach and src 203.0.113.10)"
METHODS: tuple[staff.Method, ...] = ("pubkey", "eap-tls")
ANNA = "anna@provider.example"
IN = "completed successfully"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    needed("ip", "nft", "tcpdump", "curl", "swanctl", "charon-systemd")
    with running(tmp_path_factory.mktemp("vpn")) as made:
        yield made


@pytest.fixture(scope="module")
def anna(lab: Lab) -> Holder:
    return lab.authorities["staff"].issue(ANNA)


def test_gateways_made_from_one_site_file_find_each_other_and_carry_what_it_says(lab: Lab) -> None:
    eventually(lab.tunnels_up, 15, "a tunnel to each customer")
    assert lab.scenarios("up") == []


@pytest.mark.parametrize("method", METHODS)
def test_staff_behind_nat_reach_the_portals_port_and_nothing_else(lab: Lab, anna: Holder, method: staff.Method) -> None:
    said = lab.sign_in(ANNA, anna, method)
    assert IN in said, said + lab.daemons["gw"].log.read_text()[-3000:]
    assert lab.scenarios("staff") == []


@pytest.mark.parametrize("method", METHODS)
def test_a_customers_certificate_opens_no_staff_tunnel(lab: Lab, method: staff.Method) -> None:
    mallory = "mallory@customer-a.example"
    assert IN not in lab.sign_in(mallory, lab.authorities["example-a"].issue(mallory), method)


@pytest.mark.parametrize("method", METHODS)
def test_a_revoked_certificate_is_out_at_once_and_stays_out(lab: Lab, method: staff.Method) -> None:
    person = f"eve-{method}@provider.example"
    eve = lab.authorities["staff"].issue(person)
    assert IN in lab.sign_in(person, eve, method)
    gateway, authority = lab.daemons["gw"], lab.authorities["staff"]
    authority.revoked.append(eve.serial)
    gateway.trust("staff", authority)
    lists, socket = str(gateway.folder / "x509crl"), str(gateway.socket)
    assert revoke.main([person, "--lists", lists, "--socket", socket]) == 0
    assert person not in gateway.swanctl("--list-sas").stdout
    assert lab.scenarios("staff") != [], "the portal is still reached"
    assert [IN in lab.sign_in(person, eve, one) for one in METHODS] == [False, False]
    ben = "ben@provider.example"
    said = lab.sign_in(ben, authority.issue(ben), "pubkey")
    assert IN in said, said + lab.daemons["gw"].log.read_text()[-3000:]
    lab.daemons["laptop"].swanctl("--terminate", "--ike", "provider")
    assert lab.tunnels_up(), "customers' tunnels are untouched"


@pytest.mark.parametrize("method", METHODS)
def test_who_signed_in_with_the_certificates_subject_is_out_at_once_too(lab: Lab, method: staff.Method) -> None:
    person = f"eva-{method}@provider.example"
    gateway, authority = lab.daemons["gw"], lab.authorities["staff"]
    eva = authority.issue(person)
    assert IN in lab.sign_in(person, eva, method, identity=f"CN={person}")
    assert f"'CN={person}'" in gateway.swanctl("--list-sas").stdout
    authority.revoked.append(eva.serial)
    gateway.trust("staff", authority)
    assert revoke.main([person, "--lists", str(gateway.folder / "x509crl"), "--socket", str(gateway.socket)]) == 0
    assert person not in gateway.swanctl("--list-sas").stdout
    assert IN not in lab.sign_in(person, eva, method, identity=f"CN={person}")


def test_the_watchdog_brings_up_what_strongswan_gave_up_after_a_refusal(lab: Lab) -> None:
    gateway, peer = lab.daemons["gw"], lab.daemons["b"]
    right = (peer.folder / "swanctl.conf").read_text()
    answers_only = sheet.peer(lab.house, lab.house.sites[1].model_copy(update={"initiates": "us"}))
    peer.configure((peer.folder / "strongswan.conf").read_text(), answers_only)  # with another key
    peer.swanctl("--load-creds", "--clear", "--noprompt")
    peer.load()
    peer.swanctl("--terminate", "--ike", "provider", "--force")
    gateway.swanctl("--initiate", "--child", "example-b", "--timeout", "5")  # as the watchdog would
    eventually(lambda: "received AUTHENTICATION_FAILED" in gateway.log.read_text(), 10, "the customer says no")
    watchdog = configured(lab.folder / "watchdog.json")
    assert [tunnel.up for tunnel in watchdog.round().tunnels] == [True, False]
    key = right[right.index("secrets {") :]
    peer.configure((peer.folder / "strongswan.conf").read_text(), answers_only[: answers_only.index("secrets {")] + key)
    peer.load()
    time.sleep(1)
    assert not gateway.installed("example-b"), "strongSwan retried by itself: then the watchdog is not needed"
    watchdog.tried.clear()  # as if its wait were over
    watchdog.round()
    assert [tunnel.up for tunnel in watchdog.round().tunnels] == [True, True]


def test_the_state_is_json_with_bytes_times_and_pools_and_without_names_of_people(lab: Lab) -> None:
    assert lab.reaches("worker", "10.20.30.40", 443)
    configured(lab.folder / "watchdog.json").round()
    text = (lab.folder / "state.json").read_text()
    state = json.loads(text)
    tunnel = state["tunnels"][0]
    assert (tunnel["name"], tunnel["up"], tunnel["ike_state"]) == ("example-a", True, "ESTABLISHED")
    assert min(tunnel[key] for key in ("bytes_in", "bytes_out", "packets_in", "child_rekey_in", "ike_rekey_in")) > 0
    assert state["pools"][0]["base"] == "10.60.0.0"
    assert (state["tunnels_up"], state["tunnels_wanted"], state["daemon_answers"]) == (2, 2, True)
    assert "@" not in text


def replaced(lab: Lab) -> int:
    """How often customer A's CHILD_SA has been replaced so far."""
    return len(re.findall(r"outbound CHILD_SA example-a\{\d+\} established", lab.daemons["gw"].log.read_text()))


def offers(profiles: Profiles) -> Iterator[Algorithms]:
    """Every proposal of every profile, and every other algorithm that a site file may ask for."""
    for profile in profiles.profiles.values():
        yield from (Algorithms(ike=[ike], esp=[esp]) for ike, esp in zip(profile.ike, profile.esp, strict=True))
    for group in profiles.algorithms.group:
        yield Algorithms(ike=[f"aes256gcm16-prfsha512-{group}"], esp=[f"aes128gcm16-{group}"])
    for digest in profiles.algorithms.integrity:
        yield Algorithms(ike=[f"aes256-{digest}-ecp384"], esp=[f"aes256-{digest}-ecp384"])


def test_every_algorithm_that_is_allowed_brings_a_tunnel_up(lab: Lab) -> None:
    gateway, peer = lab.daemons["gw"], lab.daemons["a"]
    before = [(daemon, (daemon.folder / "swanctl.conf").read_text()) for daemon in (gateway, peer)]
    for algorithms in offers(lab.house.profiles):
        lab.use(lab.house.sites[0].model_copy(update={"profile": None, "algorithms": algorithms}))
        said = gateway.swanctl("--initiate", "--child", "example-a", "--timeout", "5")
        assert IN in said.stdout + said.stderr, f"{algorithms}: {said.stdout}{said.stderr}"
        earlier = replaced(lab)
        gateway.swanctl("--rekey", "--child", "example-a")  # only now does the group of ESP come into play
        eventually(partial(lambda count: replaced(lab) > count, earlier), 5, f"{algorithms} anew")
    for daemon, text in before:
        (daemon.folder / "swanctl.conf").write_text(text)
        daemon.load()
    eventually(lab.tunnels_up, 10, "as before")


def test_replacing_keys_under_load_loses_no_request(lab: Lab) -> None:
    gateway = lab.daemons["gw"]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(lab.reaches, "worker", "10.20.30.40", 443, 5) for _ in range(60)]
        for what in ("--child", "example-a"), ("--ike", "site-example-a"), ("--child", "example-a"):
            time.sleep(0.2)
            gateway.swanctl("--rekey", *what)
        assert [future.result() for future in asked] == [True] * 60
    log = gateway.log.read_text()
    assert re.search(r"IKE_SA site-example-a\[\d+\] rekeyed", log)
    assert len(set(re.findall(r"CHILD_SA example-a\{(\d+)\} established", log))) >= 3


def test_a_customers_gateway_that_lost_power_and_only_answers_is_back_within_seconds(lab: Lab) -> None:
    peer = lab.daemons["a"]
    site = lab.house.sites[0].model_copy(update={"initiates": "us"})
    peer.configure((peer.folder / "strongswan.conf").read_text(), sheet.peer(lab.house, site))
    peer.kill()
    peer.start()
    peer.load()
    begun = time.monotonic()
    eventually(lambda: lab.reaches("worker", "10.20.30.40", 443), 45, "traffic again")
    print(f"back after {time.monotonic() - begun:.1f} s; the target is 15")  # noqa: T201  a figure to read with -s


def test_nothing_crossed_the_internet_in_clear_while_the_tunnels_were_up(lab: Lab) -> None:
    assert len(lab.wire("udp port 4500")) > 100
    assert lab.wire(CLEAR) == []


def test_nothing_crosses_the_internet_in_clear_when_the_tunnels_are_down(lab: Lab) -> None:
    lab.daemons["gw"].kill()
    assert lab.scenarios("down") == []
    assert lab.wire(CLEAR) == []


def test_each_of_the_two_guards_holds_alone_and_without_both_the_wire_shows_it(lab: Lab) -> None:
    lab.names.sh("gw", "ip route flush proto 142; ip route add 10.40.0.0/16 via 10.40.0.1")
    assert not lab.reaches("worker", "10.20.30.40", 443)
    assert lab.wire(CLEAR) == [], "the firewall alone"
    counted = lab.names.sh("gw", "nft list counter inet proforma_vpn refused_clear").stdout
    assert "packets 0 " not in counted
    lab.names.sh("gw", "nft delete table inet proforma_vpn; ip route add unreachable 10.20.30.0/24 metric 4278198272")
    assert not lab.reaches("worker", "10.20.30.40", 443)
    assert lab.wire(CLEAR) == [], "the unreachable route alone"
    lab.names.sh("gw", "ip route del unreachable 10.20.30.0/24 metric 4278198272")
    lab.reaches("worker", "10.20.30.40", 443)
    assert "10.40.10.20" in "".join(lab.wire(CLEAR)), "the watch sees what both guards had kept back"
