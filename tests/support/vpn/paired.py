"""Two VPN hosts on one wire with their pair daemons, customer A's gateway, and a host of ours behind."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from strongswan.render import host, sheet
from strongswan.render.gateway import Management, Pair
from strongswan.render.house import House
from tests.support.vpn.certificates import Authority
from tests.support.vpn.daemon import Daemon
from tests.support.vpn.houses import example
from tests.support.vpn.namespaces import Namespaces, namespaces

ROOT = Path(__file__).resolve().parents[3]
LISTENER = Path(__file__).with_name("listener.py")
NUMBERS = {"gwa": 11, "gwb": 12}
ADDRESSES = {
    "net": "203.0.113.1/24 wan, 198.51.100.1/28 p-a",
    "gwa": "203.0.113.11/24 ens5, 10.40.0.11/16 ens6",
    "gwb": "203.0.113.12/24 ens5, 10.40.0.12/16 ens6",
    "house": "10.40.10.10/16 vpc, 10.40.10.20/16 vpc",
    "a": "198.51.100.10/28 wan, 10.20.30.1/24 lan",
    "ahost": "10.20.30.40/24 eth0",
}
ROUTES = {"gwa": "203.0.113.1", "gwb": "203.0.113.1", "house": "10.40.0.10", "a": "198.51.100.1", "ahost": "10.20.30.1"}


@dataclass
class Both:
    """The running pair. `processes`: the pair daemons by host."""

    names: Namespaces
    folder: Path
    daemons: dict[str, Daemon] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def state(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / f"{name}-state" / "pair.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if time.time() - found["at"] < 3 else {}

    def active(self) -> list[str]:
        return [name for name in NUMBERS if self.state(name).get("role") == "active"]

    def holders(self) -> list[str]:
        shown = {name: self.names.sh(name, "ip -4 -o address show").stdout for name in NUMBERS}
        return [name for name, text in shown.items() if "203.0.113.10/32" in text and "10.40.0.10/32" in text]

    def reaches(self) -> bool:
        command = "curl --silent --max-time 0.4 --interface 10.40.10.20 http://10.20.30.40:443/"
        return "sees" in self.names.sh("house", command).stdout

    def hardware(self, name: str) -> str:
        """Of its link to the internet."""
        return self.names.sh(name, "cat /sys/class/net/ens5/address").stdout.strip()

    def claimants(self, seconds: int) -> set[str]:
        """Who says on the wire to the internet, within some seconds, that the service address is his."""
        heard = self.names.sh(
            "net", f"timeout {seconds} tcpdump -i wan -enl arp src host 203.0.113.10 2>/dev/null"
        ).stdout
        return {line.split()[1] for line in heard.splitlines() if "ARP" in line}

    def start(self, name: str) -> None:
        """The pair's daemon."""
        state = self.folder / f"{name}-state"
        state.mkdir(exist_ok=True)
        run = f"-m strongswan.pair run {self.folder}/{name}.json --key {self.folder}/key --kept {state}/moves.json"
        script = f"cd {ROOT} && PYTHONPATH=.:app exec {sys.executable} {run}"
        self.processes[name] = self.names.start(name, script, self.folder / f"{name}.log")

    def kill(self, name: str) -> None:
        """As when the host loses power."""
        self.end(name, signal.SIGKILL)
        self.daemons[name].kill()
        (self.folder / f"{name}-state" / "pair.json").unlink(missing_ok=True)
        self.names.sh(name, "ip address del 203.0.113.10/32 dev ens5; ip address del 10.40.0.10/32 dev ens6")

    def end(self, name: str, how: signal.Signals) -> None:
        process = self.processes.pop(name)
        os.kill(process.pid, how)
        process.wait(10)

    def order(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        state = self.folder / f"{name}-state" / "pair.json"
        command = [sys.executable, "-m", "strongswan.pair", *words, "--state", str(state)]
        environment = {**os.environ, "PYTHONPATH": ".:app"}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=20
        )


def house_of(name: str) -> House:
    """What is rendered for this host of the pair."""
    whole = example("user-space")
    address = IPv4Address(f"10.40.0.{NUMBERS[name]}")
    peer = next(IPv4Address(f"10.40.0.{n}") for other, n in NUMBERS.items() if other != name)
    pair = Pair(
        name=name,
        preferred=name == "gwa",
        private_service_address=IPv4Address("10.40.0.10"),
        witness=IPv4Address("203.0.113.1"),
        most_moves=20,
    )
    private = whole.gateway.private.model_copy(update={"address": address, "router": None})
    update = {"private": private, "management": Management(peer=peer), "pair": pair}
    return House(whole.gateway.model_copy(update=update), whole.sites[:1], whole.profiles)


@contextmanager
def running(folder: Path) -> Iterator[Both]:
    with namespaces() as names:
        both = Both(names, folder)
        _wire_up(names)
        (folder / "key").write_text(secrets.token_hex(32))
        provider, customer = Authority("Test provider"), Authority("Test example-a")
        staff = Authority("Test staff")
        for name in NUMBERS:
            _gateway(both, name, provider, customer, staff)
        _customer(both, provider, customer)
        for name in ("house", "ahost"):
            names.start(name, f"exec {sys.executable} {LISTENER} 443", folder / f"{name}.log")
        for daemon in both.daemons.values():
            daemon.start()
            daemon.load()
        for name in NUMBERS:
            both.start(name)
        yield both
        for name in list(both.processes):
            both.end(name, signal.SIGKILL)


def _wire_up(names: Namespaces) -> None:
    names.add(*ADDRESSES)
    for bridge, owner in (("wan", "net"), ("vpc", "house")):
        names.batch(owner, f"link add {bridge} type bridge\nlink set {bridge} up")
    for gateway in NUMBERS:
        for link, owner, bridge in (("ens5", "net", "wan"), ("ens6", "house", "vpc")):
            names.link(gateway, link, owner, f"p-{gateway}")
            names.batch(owner, f"link set p-{gateway} master {bridge}")
    names.link("a", "wan", "net", "p-a")
    names.link("a", "lan", "ahost", "eth0")
    for name, addresses in ADDRESSES.items():
        pairs = [one.split() for one in addresses.split(", ")]
        names.batch(name, "".join(f"address add {address} dev {device}\n" for address, device in pairs))
    for name, router in ROUTES.items():
        names.batch(name, f"route add default via {router}")


def _gateway(both: Both, name: str, provider: Authority, customer: Authority, staff: Authority) -> None:
    house, daemon = house_of(name), Daemon(name, both.names, both.folder / name)
    both.daemons[name] = daemon
    state = both.folder / f"{name}-state" / "pair.json"
    files = host.files(house, socket=str(daemon.socket), pair_file=str(state), filelog=str(daemon.log))
    daemon.configure(files["strongswan.conf"], files["swanctl.conf"])
    daemon.hold("gateway", provider.issue(house.gateway.identity))
    daemon.trust("staff", staff)
    daemon.trust("example-a", customer)
    (both.folder / f"{name}.json").write_text(files["pair.json"])
    both.names.batch(name, files["routes"])
    for command, text in (("sysctl --quiet --load -", files["sysctl.conf"]), ("nft -f -", files["nftables.conf"])):
        done = both.names.sh(name, f"{command} <<'END'\n{text}\nEND")
        assert done.returncode == 0, done.stderr


def _customer(both: Both, provider: Authority, customer: Authority) -> None:
    """Its end only answers, so that it is ours that has to bring the tunnel back."""
    house, daemon = house_of("gwa"), Daemon("a", both.names, both.folder / "a")
    both.daemons["a"] = daemon
    site = house.sites[0].model_copy(update={"initiates": "us"})
    daemon.configure(
        host.strongswan_conf(house, socket=str(daemon.socket), filelog=str(daemon.log)), sheet.peer(house, site)
    )
    daemon.hold("gateway", customer.issue(site.gateway.identity))
    daemon.trust("provider", provider)
