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
    peer: Address | None = Field(default=None, description="The other VPN host of a pair: its heartbeat is let in")
    heartbeat_port: Port = Field(default=5405, description="UDP port of the heartbeat")


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
    staff: Staff

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
