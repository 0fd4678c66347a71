"""The rendered firewall of a VPN host: what parses, and who reaches what, tried with real packets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongswan.render import host
from strongswan.render.house import House
from tests.support.vpn import scenarios
from tests.support.vpn.houses import example
from tests.support.vpn.namespaces import Namespaces, namespaces, needed
from tests.support.vpn.scenarios import Host

pytestmark = [pytest.mark.vpn, pytest.mark.slow]

HERE = Path(__file__).parent
LISTENER = HERE.parent / "support" / "vpn" / "listener.py"
SCENARIOS = scenarios.read(HERE / "vpn_rules.scenarios")
HOSTS = {
    "worker": Host("house", "10.40.10.20"),
    "elsewhere": Host("house", "10.40.77.7"),
    "a-servicenow": Host("a", "10.20.30.40"),
    "a-sap": Host("a", "10.20.30.41"),
    "a-dns": Host("a", "10.20.30.53"),
    "b-proxy": Host("b", "10.30.0.8"),
    "b-sap": Host("b", "10.30.0.40"),
    "laptop": Host("laptop", "10.60.0.5"),
    "internet": Host("internet", "203.0.113.1"),
    "spoofed-worker": Host("internet", "10.40.10.20"),
    "spoofed-laptop": Host("internet", "10.60.0.5"),
}
TUNNELS = {
    "a": "10.20.30.0/24 via 192.0.2.1",
    "b": "10.30.0.0/24 via 192.0.2.2",
    "laptop": "10.60.0.0/24 via 192.0.2.3",
}
KEPT_OPEN = """
import socket, sys
one = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3, (sys.argv[3], 0))
print("open", flush=True)
sys.stdin.readline()
one.settimeout(1)
one.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
try:
    print(one.recv(4096).decode())
except TimeoutError as error:
    print(error)
"""
TOPOLOGY = {
    "gw": """address add 203.0.113.10/24 dev ens5
address add 10.40.0.10/24 dev ens6
route add default via 203.0.113.1
""",
    "house": """address add 10.40.0.1/24 dev eth0
address add 10.40.10.10/32 dev lo
address add 10.40.10.20/32 dev lo
address add 10.40.10.30/32 dev lo
address add 10.40.77.7/32 dev lo
route add default via 10.40.0.10
""",
    "a": """address add 192.0.2.1/24 dev eth0
address add 10.20.30.40/32 dev lo
address add 10.20.30.41/32 dev lo
address add 10.20.30.53/32 dev lo
route add default via 192.0.2.10
""",
    "b": """address add 192.0.2.2/24 dev eth0
address add 10.30.0.8/32 dev lo
address add 10.30.0.40/32 dev lo
route add default via 192.0.2.10
""",
    "laptop": """address add 192.0.2.3/24 dev eth0
address add 10.60.0.5/32 dev lo
route add default via 192.0.2.10
""",
    "internet": """address add 203.0.113.1/24 dev eth0
address add 10.40.10.20/32 dev lo
address add 10.60.0.5/32 dev lo
route add default via 203.0.113.10
""",
}


def test_rules_for_both_places_of_esp_parse() -> None:
    needed("nft")
    for esp in ("kernel", "user-space"):
        rules = host.files(example(esp))["nftables.conf"]
        checked = subprocess.run(
            ["unshare", "--net", "nft", "-c", "-f", "-"], input=rules, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, f"{esp}: {checked.stderr}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespaces]:
    """A VPN host with its three sides; ipsec0 is a bridge to where each tunnel would end."""
    needed("ip", "nft", "curl")
    with namespaces() as made:
        made.add(*TOPOLOGY)
        made.link("gw", "ens5", "internet", "eth0")
        made.link("gw", "ens6", "house", "eth0")
        made.batch("gw", "link add ipsec0 type bridge\nlink set ipsec0 up")
        for name in TUNNELS:
            made.link("gw", f"t-{name}", name, "eth0")
            made.batch("gw", f"link set t-{name} master ipsec0")
        for name, commands in TOPOLOGY.items():
            made.batch(name, commands)
        prepare(made, example("user-space"))
        logs = tmp_path_factory.mktemp("logs")
        for name in TOPOLOGY:
            made.start(name, f"exec {sys.executable} {LISTENER} 22 443 3128 8443 44300", logs / name)
        wait_for_listeners(made)
        yield made


def prepare(lab: Namespaces, house: House) -> None:
    files = host.files(house)
    lab.batch("gw", files["routes"])
    lab.batch("gw", "address add 192.0.2.10/24 dev ipsec0")
    # what charon would add as tunnels come up
    lab.batch("gw", "".join(f"route add {way} dev ipsec0 table 220\n" for way in TUNNELS.values()))
    lab.batch("gw", "rule add pref 220 table 220\n")
    load(lab, house)


def load(lab: Namespaces, house: House) -> None:
    loaded = lab.sh("gw", f"nft -f - <<'RULES'\n{host.files(house)['nftables.conf']}\nRULES")
    assert loaded.returncode == 0, loaded.stderr


def wait_for_listeners(lab: Namespaces) -> None:
    waiting = set(TOPOLOGY)
    for _ in scenarios.until(10):
        waiting = {
            name for name in waiting if "sees" not in lab.sh(name, "curl -s -m 1 http://127.0.0.1:44300/").stdout
        }
        if not waiting:
            return
    pytest.fail(f"No answer from {waiting}")


@pytest.mark.parametrize("section", sorted(SCENARIOS))
def test_every_pair_of_hosts_reaches_what_the_site_files_say_and_no_more(lab: Namespaces, section: str) -> None:
    assert scenarios.failures(SCENARIOS[section], HOSTS, lab) == []


def test_the_internet_sends_nothing_into_a_tunnel_under_the_name_of_a_host_of_ours(lab: Namespaces) -> None:
    listing = "nft list chain inet proforma_vpn to_example_a"  # an answer would go astray: only the counters tell
    before = lab.sh("gw", listing).stdout
    spoofed = HOSTS["spoofed-worker"]
    lab.sh(spoofed.namespace, f"curl -s -m 1 --interface {spoofed.address} http://10.20.30.40:443/")
    assert "counter packets" in before
    assert lab.sh("gw", listing).stdout == before


@pytest.mark.parametrize(("name", "server", "port"), [("worker", "10.30.0.8", 3128), ("b-sap", "10.40.10.30", 443)])
def test_a_rule_that_is_taken_away_ends_what_went_through_it(
    lab: Namespaces, name: str, server: str, port: int
) -> None:
    whole = example("user-space")
    narrowed = House(whole.gateway, tuple(one.model_copy(update={"passes": []}) for one in whole.sites), whole.profiles)
    assert "sees" in asked_after(lab, name, server, port, whole)
    try:
        assert "timed out" in asked_after(lab, name, server, port, narrowed)
    finally:
        load(lab, whole)


def asked_after(lab: Namespaces, name: str, server: str, port: int, house: House) -> str:
    """What comes of a connection that was open when the rules of `house` were loaded."""
    one = HOSTS[name]
    command = [sys.executable, "-c", KEPT_OPEN, server, str(port), one.address]
    inside = ["ip", "netns", "exec", lab.name(one.namespace), *command]
    with subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "open\n"
        load(lab, house)
        return client.communicate("go\n", timeout=20)[0]


def test_what_is_refused_is_counted_by_reason(lab: Namespaces) -> None:
    scenarios.failures(SCENARIOS["refused"], HOSTS, lab)
    counters = lab.sh("gw", "nft list counters table inet proforma_vpn").stdout
    for name in ("refused_forward", "refused_input", "refused_spoofed"):
        packets = counters.split(f"counter {name} {{")[1].split("packets ")[1].split()[0]
        assert int(packets) > 0, name


def test_loading_the_rules_again_leaves_one_copy(lab: Namespaces) -> None:
    before = lab.sh("gw", "nft list table inet proforma_vpn | wc -l").stdout
    rules = host.files(example("user-space"))["nftables.conf"]
    assert lab.sh("gw", f"nft -f - <<'RULES'\n{rules}\nRULES").returncode == 0
    assert lab.sh("gw", "nft list table inet proforma_vpn | wc -l").stdout == before
