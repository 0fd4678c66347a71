"""What customers' systems are called, for the hosts that call them. A name leads where the site file says, and nowhere
else: the tunnel lets nothing through to another address, whatever a name server answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from strongswan.render.problems import Problem, RefusedError
from strongswan.render.site import Site


def names(sites: Iterable[Site]) -> dict[str, dict[str, Any]]:
    """Name -> {"address", "servers": the customer's name servers that know it, for a doctor to ask}.

    Raises RefusedError when two sites give one name to two addresses.
    """
    found: dict[str, dict[str, Any]] = {}
    for site in sites:
        for name, address in _of(site):
            one = {"address": address, "servers": _servers(site, name)}
            if found.setdefault(name, one)["address"] != address:
                what = f"`{name}` is {found[name]['address']} elsewhere, and {address} here."
                raise RefusedError(
                    [Problem(f"{site.customer}.yml", 1, what, "One of the two has to be called otherwise.")]
                )
    return dict(sorted(found.items()))


def _of(site: Site) -> Iterator[tuple[str, str]]:
    for name, address in site.dns.hosts.items():
        yield name, str(address)
    for endpoint in site.endpoints:
        if endpoint.address is not None and not endpoint.host.replace(".", "").isdigit():
            yield endpoint.host, str(endpoint.address)


def _servers(site: Site, name: str) -> list[str]:
    known = any(name == zone or name.endswith(f".{zone}") for zone in site.dns.zones)
    return [str(one) for one in site.dns.servers] if known else []
