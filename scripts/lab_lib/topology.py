"""The lab's hosts, networks and addresses. Pure data: whoever needs an address of the lab takes it from here.

Four networks play the internet, joined by `router`; each house has networks of its own. Nothing else joins them, and no
host has a way to this machine or out of it: what comes in and what is asked goes through the namespaces.
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.host_lib.spec import Attachment, Spec

BASE = "trixie"
GROUP = "lab"

SERVICE_ADDRESS = "203.0.113.10"
"""what customers and staff dial; on whichever VPN host is active"""
PRIVATE_SERVICE_ADDRESS = "10.40.0.10"
"""where our hosts send what is for customers and staff; moves likewise"""
STAFF_POOL = "10.60.0.0/24"
VPC = "10.40.0.0/16"
PORTAL_NAME = "portal.provider.example"
INTAKE_NAME, INTAKE_ADDRESS = "intake.provider.example", "10.40.10.30"
"""the private API, as customers know it, and one of its fixed addresses"""
INTAKE_STAGE = "live"
GATEWAY_IDENTITY = "vpn.provider.example"
ROUTER_ADDRESS = "203.0.113.1"


@dataclass(frozen=True, slots=True)
class Net:
    """One end of a host on a network. `addresses`: with prefix length."""

    name: str
    device: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """`layer`: see layers.py. `routes`: (destination, gateway). `appliance`: groups of the inventory, if any."""

    name: str
    layer: str
    nets: tuple[Net, ...]
    routes: tuple[tuple[str, str], ...] = ()
    appliance: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Its first one, without prefix length."""
        return self.nets[0].addresses[0].partition("/")[0]

    def spec(self, layers: tuple[str, ...]) -> Spec:
        attachments = tuple(Attachment(net.name, net.device, net.addresses) for net in self.nets)
        return Spec(BASE, layers=layers, attachments=attachments, routes=self.routes)


def _vpn(name: str, number: int) -> Host:
    nets = (Net("wan", "ens5", (f"203.0.113.{number}/24",)), Net("vpc", "ens6", (f"10.40.0.{number}/16",)))
    return Host(name, "vpn", nets, (("default", ROUTER_ADDRESS),), ("vpn",))


def inner(name: str, layer: str, address: str, appliance: tuple[str, ...] = (), *, more: tuple[str, ...] = ()) -> Host:
    """In our network; whatever is not in it goes to the active VPN host, which refuses what it does not know."""
    routes = (("default", PRIVATE_SERVICE_ADDRESS),)
    addresses = tuple(f"{one}/16" for one in (address, *more))
    return Host(name, layer, (Net("vpc", "eth0", addresses),), routes, appliance)


HOSTS: tuple[Host, ...] = (
    Host(
        "router",
        "net",
        (
            Net("wan", "wan", (f"{ROUTER_ADDRESS}/24",)),
            Net("awan", "awan", ("198.51.100.1/24",)),
            Net("bwan", "bwan", ("192.0.2.1/24",)),
            Net("nwan", "nwan", ("203.0.114.1/24",)),
        ),
    ),
    _vpn("vpn-a", 11),
    _vpn("vpn-b", 12),
    inner("portal", "portal", "10.40.10.10", ("portal",)),
    inner("worker", "worker", "10.40.10.20", ("worker",)),
    inner("database", "database", "10.40.20.10"),
    inner("aws", "aws", "10.40.30.10", more=(INTAKE_ADDRESS,)),
    Host(
        "nat",
        "net",
        (Net("home", "home", ("192.168.77.1/24",)), Net("nwan", "wan", ("203.0.114.10/24",))),
        (("default", "203.0.114.1"),),
    ),
    Host("laptop", "net", (Net("home", "eth0", ("192.168.77.10/24",)),), (("default", "192.168.77.1"),)),
    Host(
        "a-gateway",
        "net",
        (Net("awan", "wan", ("198.51.100.10/24",)), Net("alan", "lan", ("10.20.30.1/24",))),
        (("default", "198.51.100.1"),),
    ),
    Host(
        "a-systems",
        "systems",
        (Net("alan", "eth0", ("10.20.30.40/24", "10.20.30.41/24", "10.20.30.53/24")),),
        (("default", "10.20.30.1"),),
    ),
    Host(
        "b-gateway",
        "net",
        (Net("bwan", "wan", ("192.0.2.10/24",)), Net("blan", "lan", ("10.50.60.1/24",))),
        (("default", "192.0.2.1"),),
    ),
    Host(
        "b-systems",
        "systems",
        (Net("blan", "eth0", ("10.50.60.40/24", "10.50.60.8/24")),),
        (("default", "10.50.60.1"),),
    ),
)
BY_NAME = {host.name: host for host in HOSTS}
APPLIANCE = tuple(host for host in HOSTS if host.appliance)

NAMES = {
    "database.provider.example": "10.40.20.10",
    "aws.provider.example": "10.40.30.10",
    PORTAL_NAME: "10.40.10.10",
    GATEWAY_IDENTITY: SERVICE_ADDRESS,
}
"""what our hosts and staff resolve; in the lab by /etc/hosts"""
CUSTOMER_NAMES = {
    "example-a": {
        "servicenow.corp.customer-a.example": "10.20.30.40",
        "rt.corp.customer-a.example": "10.20.30.40",
        "sap.corp.customer-a.example": "10.20.30.41",
    },
    "example-b": {"sap.customer-b.example": "10.50.60.40", "proxy.customer-b.example": "10.50.60.8"},
}
SEEN_BY_CUSTOMER = {"example-a": "10.99.1.5", "example-b": "10.40.10.10"}
"""the address under which each customer reaches our inbox: A the private API, B the portal's own"""
