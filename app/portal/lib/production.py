"""Addresses that only a rehearsal may use. By name alone, so that it can be checked without asking a name server."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from portal.lib.address_guard import refusal

RESERVED = (
    ".localhost",
    ".example",
    ".test",
    ".invalid",
    ".example.com",
    ".example.net",
    ".example.org",
)
"""RFC 2606 and RFC 6761: names that can never be a customer's"""


def unfit(url: str) -> str:
    """Why an address cannot be a customer's in production, as the end of a sentence; "" when nothing speaks against it.

    The connection itself is guarded again by portal.lib.http, which looks at what the name resolves to.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return "cannot be read"
    if parts.scheme != "https":
        return "is not encrypted (https)"
    if not host:
        return "names no host"
    if f".{host}".endswith(RESERVED):
        return "is reserved for examples and rehearsals"
    try:
        reason = refusal(str(ipaddress.ip_address(host)), allow_loopback=False)
    except ValueError:
        return ""
    return f"is {reason}" if reason else ""
