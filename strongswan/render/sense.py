"""What has to hold between the values of a site file, and between it and our own networks.

Each function yields findings; none is raised, so that a person sees all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network

from strongswan.render import networks
from strongswan.render.algorithms import Exchange, Profiles, faults, fits_staff
from strongswan.render.gateway import Gateway
from strongswan.render.problems import Finding
from strongswan.render.site import Endpoint, Pass, Site

WIDEST_PASS = 24


def of_site(site: Site, gateway: Gateway, profiles: Profiles, stem: str) -> Iterator[Finding]:
    """Everything that can be said of one site alone."""
    if site.customer != stem:
        yield Finding(
            ("customer",), f"`{site.customer}` is not the name of the file.", f"Write {stem}, or rename the file."
        )
    yield from _algorithms(site, profiles)
    yield from _proof(site)
    yield from _own_authority(site, gateway)
    yield from _initiator(site)
    yield from networks.theirs(site, gateway)
    yield from networks.ours(site, gateway)
    for index, rule in enumerate(site.passes):
        yield from _pass(site, gateway, rule, ("passes", index))
    yield from _one_target_each(site, gateway)
    for index, endpoint in enumerate(site.endpoints):
        yield from _endpoint(site, endpoint, ("endpoints", index))
        if endpoint.reached == "egress" and gateway.egress_address is None:
            what = f"`{endpoint.name}` is reached over the internet, and our address there is not known."
            remedy = "Write `egress_address` in the gateway's file: the customer has to allow it."
            yield Finding(("endpoints", index, "reached"), what, remedy)
    yield from _names_and_probe(site)


def _algorithms(site: Site, profiles: Profiles) -> Iterator[Finding]:
    if (site.profile is None) == (site.algorithms is None):
        yield Finding(
            ("profile",), "Either `profile` or `algorithms` is needed, and not both.", "Write `profile: modern`."
        )
    if site.profile is not None and site.profile not in profiles.profiles:
        known = ", ".join(profiles.profiles)
        yield Finding(
            ("profile",), f"There is no profile `{site.profile}`.", f"Take one of {known} (strongswan/profiles.yml)."
        )
    exchanges: tuple[Exchange, ...] = ("ike", "esp")
    for exchange in exchanges if site.algorithms else ():
        for index, proposal in enumerate(getattr(site.algorithms, exchange)):
            for fault in faults(proposal, exchange, profiles):
                remedy = "Take a profile, or algorithms that strongswan/profiles.yml lists."
                yield Finding(("algorithms", exchange, index), fault, remedy)


def _proof(site: Site) -> Iterator[Finding]:
    proof = site.authentication
    needed, foreign = (("ca", "crl"), ("secret",)) if proof.method == "certificate" else (("secret",), ("ca", "crl"))
    remedies = {
        "ca": "Write `ca: <customer>-ca.pem`, the authority that signed their gateway's certificate.",
        "crl": "Write `crl: local` or its http address: revocation is strict, and without a list no tunnel comes up.",
        "secret": "Write the name of the key in the secret store, for example vpn/example-a/psk.",
    }
    for key in needed:
        if getattr(proof, key) is None:
            yield Finding(("authentication", key), f"`{key}` is missing for method `{proof.method}`.", remedies[key])
    for key in foreign:
        if getattr(proof, key) is not None:
            what = f"`{key}` has no meaning with method `{proof.method}`."
            yield Finding(("authentication", key), what, "Remove it, or change the method.")


def _own_authority(site: Site, gateway: Gateway) -> Iterator[Finding]:
    if site.authentication.ca == gateway.staff.ca:
        what = f"`{gateway.staff.ca}` signs staff: this customer's gateway could sign in as one of them."
        remedy = "Have customers' gateways signed by another authority, and name its file."
        yield Finding(("authentication", "ca"), what, remedy)


def _initiator(site: Site) -> Iterator[Finding]:
    if site.gateway.address is None and site.initiates != "them":
        what = "We cannot open a tunnel to a gateway whose address is `any`."
        yield Finding(("gateway", "address"), what, "Write its address, or `initiates: them`.")


def _pass(site: Site, gateway: Gateway, rule: Pass, place: tuple[str | int, ...]) -> Iterator[Finding]:
    if not any(rule.theirs.subnet_of(network) for network in site.networks.theirs):
        remedy = f"Correct it, or add its network to `networks.theirs` ({networks.listed(site.networks.theirs)})."
        yield Finding((*place, "theirs"), f"{rule.theirs} is not behind the tunnel.", remedy)
    if rule.theirs.prefixlen < WIDEST_PASS:
        yield Finding(
            (*place, "theirs"), f"{rule.theirs} is too wide for a rule.", "Name the hosts, /24 at the widest."
        )
    if bool(rule.ports) == (rule.protocol == "icmp"):
        remedy = "Name the destination ports; leave `ports` out for icmp."
        yield Finding((*place, "ports"), f"`ports` does not fit protocol {rule.protocol}.", remedy)
    hosts = gateway.hosts.get(rule.ours)
    if hosts is None:
        what = f"No hosts of ours are called `{rule.ours}`."
        yield Finding(
            (*place, "ours"), what, f"Take one of {', '.join(gateway.hosts)}, or add it to the gateway's `hosts`."
        )
    elif site.source_nat is None and not any(hosts.subnet_of(network) for network in site.networks.ours):
        what = f"`{rule.ours}` ({hosts}) is not in `networks.ours`: its packets would not enter the tunnel."
        yield Finding((*place, "ours"), what, f"Add {hosts} to `networks.ours`, on both ends.")


def _one_target_each(site: Site, gateway: Gateway) -> Iterator[Finding]:
    """With an assigned address, a port of it leads to one host of ours."""
    leads: dict[tuple[str, int], str] = {}
    for index, rule in enumerate(site.passes):
        if site.source_nat is None or rule.direction == "out" or rule.ours not in gateway.hosts:
            continue
        if rule.protocol == "icmp":
            what = f"Echo requests to {site.source_nat} cannot be led to a host of ours."
            yield Finding(("passes", index, "protocol"), what, "Let them probe a TCP port instead.")
        if gateway.hosts[rule.ours].prefixlen != 32:
            what = (
                f"Behind {site.source_nat} a port leads to one host, and `{rule.ours}` is {gateway.hosts[rule.ours]}."
            )
            yield Finding(("passes", index, "ours"), what, "Name a single host of ours.")
        for port in rule.ports:
            if leads.setdefault((rule.protocol, port), rule.ours) != rule.ours:
                what = f"{rule.protocol} port {port} leads to two hosts of ours."
                yield Finding(("passes", index, "ports"), what, "Use another port for one of them.")


def _endpoint(site: Site, endpoint: Endpoint, place: tuple[str | int, ...]) -> Iterator[Finding]:
    if (endpoint.reached == "proxy") != (endpoint.proxy is not None):
        remedy = "Write `proxy: http://...` with `reached: proxy`, and only then."
        yield Finding((*place, "reached"), f"`proxy` does not fit `reached: {endpoint.reached}`.", remedy)
    if (endpoint.reached == "egress") != (endpoint.address is None):
        remedy = "Write the address behind the tunnel; leave it out with `reached: egress`."
        yield Finding((*place, "address"), f"`address` does not fit `reached: {endpoint.reached}`.", remedy)
    if endpoint.address is None:
        return
    if not passes(site, endpoint.address, endpoint.destination_port, ours="worker"):
        what = f"Nothing lets a worker reach {endpoint.address} port {endpoint.destination_port} for `{endpoint.name}`."
        remedy = "Add it to `passes`: direction out, ours worker, theirs this address, this port."
        yield Finding((*place, "address"), what, remedy)
    if not _resolved(endpoint.host, site.dns.zones, site.dns.hosts):
        what = f"Nothing resolves `{endpoint.host}`."
        yield Finding((*place, "url"), what, "Add it to `dns.hosts`, or its zone to `dns.zones`.")


def _resolved(host: str, zones: list[str], hosts: Mapping[str, IPv4Address]) -> bool:
    numeric = host.replace(".", "").isdigit()
    return numeric or host in hosts or any(host == zone or host.endswith(f".{zone}") for zone in zones)


def passes(site: Site, address: IPv4Address, port: int | None, *, ours: str | None = None) -> bool:
    """Whether a rule lets us reach `address` on TCP `port` (None: by an echo request)."""
    return any(
        rule.direction == "out"
        and address in rule.theirs
        and (rule.protocol == "tcp" and port in rule.ports if port else rule.protocol == "icmp")
        and ours in (None, rule.ours)
        for rule in site.passes
    )


def _names_and_probe(site: Site) -> Iterator[Finding]:
    if bool(site.dns.zones) != bool(site.dns.servers):
        yield Finding(("dns",), "`zones` and `servers` go together.", "Name both, or neither and use `hosts`.")
    places = {("dns", "servers", index): address for index, address in enumerate(site.dns.servers)}
    places |= {("dns", "hosts", host): address for host, address in site.dns.hosts.items()}  # type: ignore[misc]
    for place, address in places.items():
        if not any(address in network for network in site.networks.theirs):
            yield Finding(
                place, f"{address} is not behind the tunnel.", "Correct it, or add its network to `networks.theirs`."
            )
    if not passes(site, site.probe.address, site.probe.port):
        what = "No rule lets the probe pass, so it would fail although the tunnel is up."
        yield Finding(("probe",), what, "Probe a host and port that `passes` allows outwards.")


def of_gateway(gateway: Gateway, profiles: Profiles) -> Iterator[Finding]:
    """What has to hold on our own end."""
    for name, network in gateway.hosts.items():
        if not _inside(network, gateway):
            what = f"`{name}` ({network}) is in none of our networks."
            yield Finding(("hosts", name), what, "Correct it, or add its network to `networks`.")
    for needed in ("worker", gateway.staff.portal):
        if needed not in gateway.hosts:
            yield Finding(
                ("hosts",), f"`{needed}` is missing.", f"Add `{needed}: 10.40.10.10/32` with its own address."
            )
    if any(gateway.staff.pool.overlaps(network) for network in gateway.networks):
        what = f"The staff's pool {gateway.staff.pool} overlaps our networks."
        yield Finding(("staff", "pool"), what, "Take a range that no network of ours or of a customer uses.")
    yield from _staff_profile(gateway, profiles)
    if gateway.staff.portal in gateway.hosts and not _inside(gateway.staff_network, gateway):
        what = f"What staff tunnels would carry, {gateway.staff_network}, reaches beyond our networks."
        remedy = "Add an unused address beside the portal's to `private.tunnel_addresses`."
        yield Finding(("private",), what, remedy)
    for name in ("private", "management"):
        yield from _own_addresses(gateway, name)


def _inside(network: IPv4Network, gateway: Gateway) -> bool:
    return any(network.subnet_of(ours) for ours in gateway.networks)


def _staff_profile(gateway: Gateway, profiles: Profiles) -> Iterator[Finding]:
    if gateway.staff.profile not in profiles.profiles:
        what = f"There is no profile `{gateway.staff.profile}`."
        yield Finding(("staff", "profile"), what, f"Take one of {', '.join(profiles.profiles)}.")
    elif not all(fits_staff(words[0], profiles.algorithms) for words in _proposals(gateway.staff.profile, profiles)):
        what = f"macOS, iOS or Windows cannot do the first proposals of `{gateway.staff.profile}`."
        yield Finding(("staff", "profile"), what, "Take `modern`.")


def _proposals(profile: str, profiles: Profiles) -> tuple[list[str], list[str]]:
    return profiles.profiles[profile].ike, profiles.profiles[profile].esp


def _own_addresses(gateway: Gateway, name: str) -> Iterator[Finding]:
    part = getattr(gateway, name)
    single = {key: getattr(part, key, None) for key in ("address", "router", "peer")}
    places = {(name, key): address for key, address in single.items() if address is not None}
    listed = [((name, "tunnel_addresses"), address) for address in getattr(part, "tunnel_addresses", ())]
    for place, address in [*places.items(), *listed]:
        if not _inside(IPv4Network(address), gateway):
            yield Finding(place, f"{address} is in none of our networks.", "Correct it, or add its network.")
