"""What one customer's network needs: the shape of strongswan/sites/<customer>.yml.

This is the one description: validation, JSON Schema and the tables in docs/sites.md come from it. What depends on more
than one value or file is checked in `sense`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from strongswan.render.kinds import (
    Address,
    Fqdn,
    Line,
    Mail,
    Network,
    Part,
    PemFile,
    Port,
    SecretName,
    Short,
    refuse,
)

URL = re.compile(r"https?://(?P<host>[a-z0-9.-]+)(:(?P<port>\d{1,5}))?(/[\w./-]*)?")


def _address_or_any(value: Any) -> Any:
    return None if value == "any" else value


def _crl(value: Any) -> Any:
    if value == "local" or (isinstance(value, str) and re.fullmatch(r"https?://[\w./:%-]+", value)):
        return value
    raise refuse(f"`{value}` is no place of a revocation list.", "Write `local`, or the http:// address of the list.")


def _url(value: Any) -> Any:
    if isinstance(value, str) and URL.fullmatch(value):
        return value
    raise refuse(f"`{value}` is no address of an endpoint.", "Write for example https://sap.customer.example:44300.")


Url = Annotated[str, BeforeValidator(_url)]


class PeerGateway(Part):
    """The customer's end of the tunnel."""

    address: Annotated[Address | None, BeforeValidator(_address_or_any)] = Field(
        description="Public IPv4 address; `any` when it changes, and then they initiate"
    )
    identity: Fqdn = Field(description="The name it authenticates as: the FQDN in its certificate, or its IKE identity")


class Authentication(Part):
    """How the customer's gateway proves who it is. We always have a certificate unless the method is `psk`."""

    method: Literal["certificate", "psk"] = Field(
        description="`certificate`, or `psk` where their device has no other way"
    )
    ca: PemFile | None = Field(default=None, description="File of the authority that signs their gateway's certificate")
    crl: Annotated[str, BeforeValidator(_crl)] | None = Field(
        default=None, description="Its revocation list: `local` (a file beside the authority) or an http address"
    )
    secret: SecretName | None = Field(
        default=None, description="Name of the pre-shared key in the secret store, never the key"
    )


class Networks(Part):
    """What the tunnel carries: the traffic selectors of the CHILD_SA."""

    theirs: list[Network] = Field(min_length=1, description="Networks behind their gateway")
    ours: list[Network] = Field(min_length=1, description="What they see of us: with `source_nat` that address alone")


class Pass(Part):
    """One thing that may pass. Everything else is dropped, counted and logged."""

    purpose: Line = Field(description="What it is for, in words; stands in the rules and in the tunnel sheet")
    direction: Literal["out", "in"] = Field(description="`out`: we open the connection; `in`: they do")
    ours: Short = Field(description="Which hosts of ours, by their name in the gateway's `hosts`")
    theirs: Network = Field(description="Which hosts of theirs; /24 at the widest")
    protocol: Literal["tcp", "udp", "icmp"] = Field(default="tcp", description="`icmp` is an echo request, for a probe")
    ports: list[Port] = Field(default_factory=list, description="Destination ports; none with `icmp`")


class Dns(Part):
    """Names behind the tunnel. Workers take the address of an endpoint from this file, since the tunnel lets nothing
    else through."""

    servers: list[Address] = Field(
        default_factory=list,
        description="Their name servers, asked for `zones` alone: whether an endpoint still has its address",
    )
    zones: list[Fqdn] = Field(default_factory=list, description="Zones that `servers` know")
    hosts: dict[Fqdn, Address] = Field(
        default_factory=dict, description="Further names with a fixed address, such as their proxy's"
    )


class Endpoint(Part):
    """A system of the customer's, and the way to it."""

    name: Short = Field(description="Its name in the portal")
    use: Literal["source", "sap"] = Field(description="Where tickets come from, or where proformas go")
    system: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(description="The adapter, e.g. `servicenow`")
    url: Url = Field(description="As the portal calls it")
    reached: Literal["tunnel", "proxy", "egress"] = Field(
        description="Through the tunnel, through their proxy behind it, or the internet, our address being allow-listed"
    )
    address: Address | None = Field(
        default=None, description="Address behind the tunnel, of the endpoint or of the proxy"
    )
    proxy: Url | None = Field(default=None, description="Their proxy, with `reached: proxy`")

    @property
    def destination_port(self) -> int:
        """The port that has to be open towards `address`."""
        match = URL.fullmatch(self.proxy or self.url)
        if match is None:
            raise ValueError("checked when it was read")
        return int(match["port"] or (443 if match[0].startswith("https") else 80))

    @property
    def host(self) -> str:
        """The name that has to be resolved: the proxy's, or the endpoint's."""
        match = URL.fullmatch(self.proxy or self.url)
        return match["host"] if match else ""


class Probe(Part):
    """What shows in the change window that the tunnel carries traffic."""

    address: Address = Field(description="A host of theirs that answers")
    port: Port | None = Field(default=None, description="A TCP port; without it an echo request is sent")


class Algorithms(Part):
    """Proposals in strongSwan's words; only algorithms that profiles.yml lists."""

    ike: list[str] = Field(min_length=1, description="For example aes256-sha256-modp3072")
    esp: list[str] = Field(min_length=1, description="With a group: without one there is no forward secrecy")


class Site(Part):
    """One customer's network."""

    customer: Short = Field(description="Short name, the same as the file's")
    name: Line = Field(description="The customer's name, for documents")
    network_team: Mail = Field(description="Who receives the tunnel sheet and is called in the change window")
    gateway: PeerGateway
    authentication: Authentication
    profile: Short | None = Field(default=None, description="A profile from strongswan/profiles.yml")
    algorithms: Algorithms | None = Field(
        default=None, description="Instead of a profile, where their device can do none"
    )
    initiates: Literal["us", "them", "both"] = Field(
        default="both", description="Who brings the tunnel up. `both` recovers fastest"
    )
    networks: Networks
    source_nat: Address | None = Field(
        default=None, description="The address that the customer assigns to us, if they do"
    )
    passes: list[Pass] = Field(min_length=1, description="What may pass, each way")
    dns: Dns = Dns()
    endpoints: list[Endpoint] = Field(min_length=1, description="The customer's systems and the way to each")
    probe: Probe
