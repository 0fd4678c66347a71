"""Which networks fit together: a customer's, another customer's, ours, and the staff's pool."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from strongswan.render.gateway import Gateway
from strongswan.render.problems import Finding
from strongswan.render.site import Site

TRANSLATE = (
    "Ask the customer to translate on their gateway (static NAT of those hosts to a range that is free on both sides) "
    "and write the translated range here and in the tunnel sheet."
)
WIDEST = 8


def theirs(site: Site, gateway: Gateway) -> Iterator[Finding]:
    """Networks behind the tunnel: real ones, free on our side, and not the tunnel's own ends."""
    for index, network in enumerate(site.networks.theirs):
        place = ("networks", "theirs", index)
        yield from _taken(network, gateway, place)
        for other in site.networks.theirs[:index]:
            if network.overlaps(other):
                yield Finding(place, f"{network} overlaps {other} of the same list.", "Keep the wider of the two.")
        for what, address in _outside(site, gateway):
            if address in network:
                remedy = "Name only networks behind the tunnel: the tunnel cannot run through itself."
                yield Finding(place, f"{network} contains {what} {address}.", remedy)


def _taken(network: IPv4Network, gateway: Gateway, place: tuple[str | int, ...]) -> Iterator[Finding]:
    if network.prefixlen < WIDEST or network.is_loopback or network.is_multicast or network.is_link_local:
        what = f"{network} cannot be a customer's network."
        yield Finding(place, what, f"Name their networks, /{WIDEST} at the widest, best the hosts alone.")
    for own in gateway.networks:
        if network.overlaps(own):
            yield Finding(place, f"{network} overlaps our own network {own}.", TRANSLATE)
    if network.overlaps(gateway.staff.pool):
        yield Finding(place, f"{network} overlaps the staff's address pool {gateway.staff.pool}.", TRANSLATE)


def _outside(site: Site, gateway: Gateway) -> Iterator[tuple[str, IPv4Address]]:
    yield "our service address", gateway.service_address
    if site.gateway.address is not None:
        yield "their gateway's own address", site.gateway.address


def ours(site: Site, gateway: Gateway) -> Iterator[Finding]:
    """What they see of us: our own networks, or the one address that they assign."""
    if site.source_nat is not None:
        yield from _assigned(site, gateway, site.source_nat)
        return
    for index, network in enumerate(site.networks.ours):
        if not any(network.subnet_of(own) for own in gateway.networks):
            what = f"{network} is none of our networks ({listed(gateway.networks)})."
            remedy = "Name a part of them, or write the address that the customer assigns to us as `source_nat`."
            yield Finding(("networks", "ours", index), what, remedy)
        elif not any(address in network for address in gateway.own_addresses):
            what = f"The VPN host has no address in {network}, and without one charon installs no route."
            remedy = f"Add an unused address of {network} to the gateway's `private.tunnel_addresses`."
            yield Finding(("networks", "ours", index), what, remedy)


def _assigned(site: Site, gateway: Gateway, address: IPv4Address) -> Iterator[Finding]:
    if site.networks.ours != [IPv4Network(address)]:
        what = f"With `source_nat` the customer sees {address} alone, and `ours` says otherwise."
        yield Finding(("networks", "ours"), what, f"Write `ours: [{address}/32]`.")
    taken = {"the customer's own networks": site.networks.theirs, "our own networks": gateway.networks}
    taken["the staff's address pool"] = [gateway.staff.pool]
    for whose, networks in taken.items():
        if any(address in network for network in networks):
            remedy = (
                "Ask the customer for an address that is free on both sides and outside the networks of the tunnel."
            )
            yield Finding(("source_nat",), f"{address} lies in {whose}.", remedy)


def between(site: Site, other: Site) -> Iterator[Finding]:
    """What `site` must not share with another one."""
    if site.gateway.identity == other.gateway.identity:
        what = f"`{site.gateway.identity}` is also the identity of {other.customer}."
        yield Finding(("gateway", "identity"), what, "Each customer's gateway needs an identity of its own.")
    for index, network in enumerate(site.networks.theirs):
        for taken in other.networks.theirs:
            if network.overlaps(taken):
                yield Finding(
                    ("networks", "theirs", index), f"{network} overlaps {taken} of {other.customer}.", TRANSLATE
                )
        if other.source_nat is not None and other.source_nat in network:
            what = f"{network} contains {other.source_nat}, the address that {other.customer} assigns to us."
            yield Finding(("networks", "theirs", index), what, TRANSLATE)
    if site.source_nat is not None and any(site.source_nat in network for network in other.networks.theirs):
        what = f"{site.source_nat} lies in a network of {other.customer}."
        yield Finding(("source_nat",), what, "Ask the customer for another address to assign to us.")


def listed(networks: list[IPv4Network]) -> str:
    return ", ".join(map(str, networks))
