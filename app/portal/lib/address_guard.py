"""Which addresses the portal may talk to.

A base URL is typed in by a person, so it could point at the cloud's metadata service, which hands out the host's
credentials to anyone who asks, or at the portal's own machine. Private ranges are allowed: customers are behind the
tunnel. A name is resolved once and the connection goes to the very address that was checked, so that a name server
cannot answer twice differently (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# 169.254.169.254 and fe80:: are link-local; the instance metadata service also answers in this private range.
METADATA_V6 = ipaddress.IPv6Network("fd00:ec2::/32")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")


class AddressRefused(Exception):  # noqa: N818  a decision of ours, not a failure
    """The host resolves to an address that the portal never talks to."""


def refusal(address: str, *, allow_loopback: bool) -> str:
    """Why a literal address is refused, or "" when it is allowed."""
    ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_loopback:
        return "" if allow_loopback else "the machine itself (loopback)"
    if ip.is_link_local or ip in METADATA_V6:
        return "link-local or the cloud's metadata service"
    if ip.is_unspecified or ip in THIS_NETWORK:
        return "unspecified"
    if ip.is_multicast or (ip.version == 4 and ip.is_reserved):
        return "multicast, broadcast or reserved"
    return ""


def _embedded(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64), for it is the one that is reached."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip


def resolve(host: str, port: int, *, allow_loopback: bool) -> list[str]:
    """The literal addresses of a host, all of them checked.

    One bad address refuses the whole name. Raises AddressRefused, and socket.gaierror when there is none.
    """
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        if reason := refusal(address, allow_loopback=allow_loopback):
            raise AddressRefused(reason)
    return addresses
