"""A VPN host, two customers' gateways, a staff laptop behind NAT, each with a charon of its own, and the wire between.

Our end runs what is rendered for a VPN host; customer A's and B's ends run the strongSwan file of their tunnel sheet;
the laptop runs the Linux staff profile. Only ESP in user space can be tried: the machine's kernel may have none.
"""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from strongswan.render import host, sheet, staff
from strongswan.render.house import House
from strongswan.render.site import Site
from tests.support.vpn.certificates import Authority, Holder
from tests.support.vpn.daemon import Daemon
from tests.support.vpn.houses import example
from tests.support.vpn.namespaces import Namespaces, namespaces
from tests.support.vpn.scenarios import Host, failures, read, until

SCENARIOS = read(Path(__file__).parents[2] / "lab" / "vpn.scenarios")
LISTENER = Path(__file__).with_name("listener.py")
HOSTS = {
    "worker": Host("house", "10.40.10.20"),
    "portal": Host("house", "10.40.10.10"),
    "a-servicenow": Host("ahost", "10.20.30.40"),
    "a-dns": Host("ahost", "10.20.30.53"),
    "b-proxy": Host("bhost", "10.30.0.8"),
    "b-sap": Host("bhost", "10.30.0.40"),
    "laptop": Host("laptop", "192.168.7.5"),
    "gateway": Host("gw", "10.40.0.10"),
}
LINKS = (
    ("gw", "ens5", "net", "p-gw"),
    ("gw", "ens6", "house", "eth0"),
    ("a", "wan", "net", "p-a"),
    ("a", "lan", "ahost", "eth0"),
    ("b", "wan", "net", "p-b"),
    ("b", "lan", "bhost", "eth0"),
    ("laptop", "eth0", "net", "p-laptop"),
)
# `net` is the internet: it routes public addresses, and hides the laptop as a router at home does
ADDRESSES = {
    "net": "203.0.113.1/24 p-gw, 198.51.100.1/28 p-a, 198.51.100.17/28 p-b, 192.168.7.1/24 p-laptop",
    "gw": "203.0.113.10/24 ens5, 10.40.0.10/24 ens6",
    "house": "10.40.0.1/24 eth0, 10.40.10.10/32 lo, 10.40.10.20/32 lo, 10.40.10.30/32 lo",
    "a": "198.51.100.10/28 wan, 10.20.30.1/24 lan",
    "ahost": "10.20.30.40/24 eth0, 10.20.30.41/24 eth0, 10.20.30.53/24 eth0",
    "b": "198.51.100.20/28 wan, 10.30.0.1/24 lan",
    "bhost": "10.30.0.8/24 eth0, 10.30.0.40/24 eth0",
    "laptop": "192.168.7.5/24 eth0",
}
DEFAULT_ROUTES = {
    "gw": "203.0.113.1",
    "house": "10.40.0.10",
    "a": "198.51.100.1",
    "ahost": "10.20.30.1",
    "b": "198.51.100.17",
    "bhost": "10.30.0.1",
    "laptop": "192.168.7.1",
}
LISTENING = ("house", "ahost", "bhost")
NAT = "add table ip home; add chain ip home out { type nat hook postrouting priority 100; }; "
NAT += 'add rule ip home out ip saddr 192.168.7.0/24 oifname "p-gw" masquerade'


@dataclass
class Lab:
    """The running whole."""

    names: Namespaces
    folder: Path
    house: House
    daemons: dict[str, Daemon] = field(default_factory=dict)
    authorities: dict[str, Authority] = field(default_factory=dict)

    @property
    def capture(self) -> Path:
        return self.folder / "wire.pcap"

    def tunnels_up(self) -> bool:
        return all(self.daemons["gw"].installed(site.customer) for site in self.house.sites)

    def scenarios(self, section: str) -> list[str]:
        """What was not as the section of vpn.scenarios expects."""
        settings = {"VICI": str(self.daemons["gw"].socket)}
        return failures(SCENARIOS[section], HOSTS, self.names, settings)

    def sign_in(self, person: str, holder: Holder, method: staff.Method, identity: str = "") -> str:
        """What swanctl says when the laptop tries; the tunnel is up if "completed successfully" is in it.

        identity: as whom it signs in, instead of with the person's mail address.
        """
        laptop = self.daemons["laptop"]
        laptop.swanctl("--terminate", "--ike", "provider", "--force")
        laptop.hold("staff", holder)
        profile = staff.linux(self.house, person, method)
        (laptop.folder / "swanctl.conf").write_text(profile.replace(f"id = {person}", f'id = "{identity or person}"'))
        laptop.load()
        done = laptop.swanctl("--initiate", "--child", "portal", "--timeout", "8")
        return done.stdout + done.stderr

    def use(self, site: Site) -> None:
        """Both ends of customer A's tunnel with another site file; neither starts by itself, and the tunnel is down."""
        house = House(self.house.gateway, (site, *self.house.sites[1:]), self.house.profiles)
        texts = {"gw": host.files(house)["swanctl.conf"], "a": sheet.peer(house, site)}
        for name, text in texts.items():
            daemon = self.daemons[name]
            (daemon.folder / "swanctl.conf").write_text(
                re.sub(r"(start|close)_action = start", r"\1_action = none", text)
            )
            daemon.load()
        for name, connection in (("gw", "site-example-a"), ("a", "provider")):
            self.daemons[name].swanctl("--terminate", "--ike", connection, "--force")

    def reaches(self, name: str, address: str, port: int, within: int = 1) -> bool:
        one = HOSTS[name]
        command = f"curl --silent --max-time {within} --interface {one.address} http://{address}:{port}/"
        return "sees" in self.names.sh(one.namespace, command).stdout

    def wire(self, expression: str) -> list[str]:
        """Packets so far between our end and the internet that match a tcpdump expression."""
        reading = f"sleep 0.2; tcpdump -n -r {self.capture} '{expression}' 2>/dev/null"
        return self.names.sh("net", reading).stdout.splitlines()


@contextmanager
def running(folder: Path) -> Iterator[Lab]:
    """The lab with every tunnel asked for; tunnels need a moment more to be up."""
    with namespaces() as names:
        lab = Lab(names, folder, example("user-space"))
        _wire_up(names)
        _configure(lab)
        watching = f"exec tcpdump -i p-gw -n -U -w {lab.capture}"
        names.start("net", watching, folder / "tcpdump.log")
        for name in LISTENING:
            names.start(name, f"exec {sys.executable} {LISTENER} 22 443 3128 8443 44300", folder / f"{name}.log")
        for daemon in lab.daemons.values():
            daemon.start()
        for name in ("gw", "a", "b"):  # the laptop has no certificate yet
            lab.daemons[name].load()
        yield lab


def _wire_up(names: Namespaces) -> None:
    names.add(*ADDRESSES)
    for link in LINKS:
        names.link(*link)
    for name, addresses in ADDRESSES.items():
        pairs = [one.split() for one in addresses.split(", ")]
        names.batch(name, "".join(f"address add {address} dev {device}\n" for address, device in pairs))
    for name, router in DEFAULT_ROUTES.items():
        names.batch(name, f"route add default via {router}")
    done = names.sh("net", f"nft '{NAT}'")
    assert done.returncode == 0, done.stderr


def _configure(lab: Lab) -> None:
    lab.authorities = {name: Authority(f"Test {name}") for name in ("provider", "staff", "example-a")}
    gateway = lab.authorities["provider"].issue(lab.house.gateway.identity)
    _our_end(lab)
    lab.daemons["gw"].hold("gateway", gateway)
    site_a, site_b = lab.house.sites
    a, b = _daemon(lab, "a"), _daemon(lab, "b")
    a.configure(strongswan_conf(lab, a), sheet.peer(lab.house, site_a))
    a.hold("gateway", lab.authorities["example-a"].issue(site_a.gateway.identity))
    a.trust("provider", lab.authorities["provider"])
    key = secrets.token_urlsafe(32)
    placeholder = "the key that you were given by telephone"
    b.configure(strongswan_conf(lab, b), sheet.peer(lab.house, site_b).replace(placeholder, key))
    (lab.daemons["gw"].folder / "secrets" / "example-b.conf").write_text(host.psk(lab.house, site_b, key))
    laptop = _daemon(lab, "laptop")
    laptop.configure(strongswan_conf(lab, laptop, client=True), staff.linux(lab.house, "anna@provider.example"))
    laptop.trust("provider", lab.authorities["provider"])
    for daemon in (a, b, laptop):
        daemon.lab.batch(daemon.host, "route flush table 220")


def _our_end(lab: Lab) -> None:
    gw = _daemon(lab, "gw")
    state = str(lab.folder / "state.json")
    files = host.files(lab.house, socket=str(gw.socket), state_file=state, filelog=str(gw.log))
    gw.configure(files["strongswan.conf"], files["swanctl.conf"])
    gw.trust("staff", lab.authorities["staff"])
    gw.trust("example-a", lab.authorities["example-a"])
    (lab.folder / "watchdog.json").write_text(files["watchdog.json"])
    lab.names.batch("gw", files["routes"])
    set_ = lab.names.sh("gw", f"sysctl --quiet --load - <<'SETTINGS'\n{files['sysctl.conf']}\nSETTINGS")
    assert set_.returncode == 0, set_.stderr
    loaded = lab.names.sh("gw", f"nft -f - <<'RULES'\n{files['nftables.conf']}\nRULES")
    assert loaded.returncode == 0, loaded.stderr


def _daemon(lab: Lab, name: str) -> Daemon:
    lab.daemons[name] = Daemon(name, lab.names, lab.folder / name)
    return lab.daemons[name]


def strongswan_conf(lab: Lab, daemon: Daemon, *, client: bool = False) -> str:
    """The same as on a VPN host, with the daemon's own socket and log."""
    return host.strongswan_conf(lab.house, socket=str(daemon.socket), filelog=str(daemon.log), client=client)


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    for _ in until(seconds):
        if condition():
            return
    pytest.fail(f"Not within {seconds} s: {what}")
