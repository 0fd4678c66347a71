"""Our end of every tunnel: addresses, interfaces, hosts, staff. On a host these come from the inventory."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from pydantic import Field

from strongswan.render.kinds import Address, Fqdn, Interface, Network, Part, PemFile, Port, Short


class Wan(Part):
    """The side of the internet."""

    interface: Interface = Field(description="Interface with the route to the internet")


class Private(Part):
    """The side of our hosts. One interface may be both sides: addresses decide, not interfaces alone."""

    interface: Interface = Field(description="Interface towards our hosts")
    address: Address = Field(description="The VPN host's own address on it")
    tunnel_addresses: list[Address] = Field(
        default_factory=list,
        description="Unused addresses of ours that the VPN host holds on lo: charon routes into a tunnel only from an "
        "address of its own inside what the customer sees of us",
    )
    router: Address | None = Field(
        default=None, description="The next hop to the rest of `networks`, where it is not on the link"
    )


class Management(Part):
    """Who may reach the VPN host itself."""

    ssh_from: list[Network] = Field(
        default_factory=list, description="Networks of ours that may use SSH; none: SSM only"
    )
    interface: Interface | None = Field(
        default=None, description="Where SSH comes in; `private.interface` unless given"
    )
    peer: Address | None = Field(default=None, description="The other VPN host of a pair: its heartbeat is let in")
    heartbeat_port: Port = Field(default=5405, description="UDP port of the heartbeat")


class Pair(Part):
    """Two VPN hosts, one of them active. Left out for a single host, which is always active and recovers by itself."""

    name: Short = Field(description="This host, in words of the pair")
    preferred: bool = Field(default=False, description="True on one of the two: it begins when neither is active")
    driver: Literal["ip", "ec2"] = Field(
        default="ip", description="`ip`: addresses move between interfaces of one network; `ec2`: Elastic IP and routes"
    )
    private_service_address: Address | None = Field(
        default=None, description="The address that our hosts route to; moves too (`ip`)"
    )
    witness: Address | None = Field(
        default=None,
        description="A router that answers an echo request: a host that does not reach it is cut off itself (`ip`)",
    )
    address: Address | None = Field(
        default=None, description="This host's own address for the heartbeat; `private.address` unless given"
    )
    region: str = Field(default="", description="Region of AWS (`ec2`)")
    allocation: str = Field(default="", description="The service address, `eipalloc-...` (`ec2`)")
    network_interface: str = Field(default="", description="This host's, `eni-...` (`ec2`)")
    route_tables: list[str] = Field(default_factory=list, description="With routes to customers and staff (`ec2`)")
    record: str = Field(
        default="", description="SSM parameter that keeps the moves, for both hosts and the Lambda (`ec2`)"
    )
    heartbeat_lost: float = Field(default=2.0, gt=0, description="Seconds of silence after which the active is gone")
    most_moves: int = Field(default=3, ge=1, description="More moves in an hour, and a person has to look")


class Staff(Part):
    """Remote access of our own people. They reach the portal's port and nothing else."""

    name: Fqdn = Field(description="The portal's host name, for the profiles")
    portal: Short = Field(default="portal", description="The portal, by its name in `hosts`")
    port: Port = Field(default=443, description="The portal's port")
    pool: Network = Field(description="Addresses that laptops are given; overlaps nothing")
    ca: PemFile = Field(description="File of the authority that signs staff certificates, and nobody else's")
    profile: Short = Field(default="modern", description="A profile from strongswan/profiles.yml")


class Gateway(Part):
    """A VPN host."""

    identity: Fqdn = Field(description="The FQDN in our certificate; the same on active and standby")
    service_address: Address = Field(
        description="The public address that customers and staff dial; it moves on failover"
    )
    egress_address: Address | None = Field(
        default=None, description="The public address from which workers reach the internet; customers allow it"
    )
    certificate: PemFile = Field(description="File of our gateway certificate")
    esp: Literal["kernel", "user-space"] = Field(
        default="kernel", description="Where ESP is done; `user-space` (TUN device ipsec0) where the kernel has none"
    )
    wan: Wan
    private: Private
    networks: list[Network] = Field(min_length=1, description="All networks of ours that hosts may be in")
    hosts: dict[Short, Network] = Field(
        description="Hosts of ours that site files name; `portal` and `worker` at least"
    )
    management: Management = Management()
    pair: Pair | None = Field(default=None, description="see [pair](#pair); left out: a single host")
    staff: Staff

    @property
    def moves(self) -> bool:
        """Whether the service address stands on an interface of this host only while it is active."""
        return self.pair is not None and self.pair.driver == "ip"

    @property
    def own_addresses(self) -> list[IPv4Address]:
        """What the VPN host holds towards our hosts, on its interface and on lo."""
        return [self.private.address, *self.private.tunnel_addresses]

    @property
    def staff_network(self) -> IPv4Network:
        """What staff tunnels carry: the smallest network with the portal and an address of the VPN host in it.

        Without such an address charon installs no route, and the tunnel does not come up. The firewall is narrower: it
        lets staff reach the portal's port and nothing else.
        """
        portal = self.hosts[self.staff.portal]
        return max((_around(portal, address) for address in self.own_addresses), key=lambda network: network.prefixlen)


def _around(network: IPv4Network, address: IPv4Address) -> IPv4Network:
    while address not in network:
        network = network.supernet()
    return network
