"""Renders what a VPN host needs: file name -> text. Pure but for reading the templates."""

from __future__ import annotations

import base64
import hashlib
import json
from ipaddress import IPv4Network
from typing import Any

import jinja2

from strongswan.render.algorithms import HOME
from strongswan.render.gateway import Pair
from strongswan.render.house import House
from strongswan.render.site import Site

CONFIGURATION = "/etc/proforma-vpn"
VICI_SOCKET = "/run/charon.vici"
STATE_FILE = "/run/proforma-vpn/state.json"
PAIR_FILE = "/run/proforma-vpn/pair.json"


def environment() -> jinja2.Environment:
    """A misspelt name in a template is an error, not an empty place in a firewall."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HOME / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration files and Markdown; every value was checked against a pattern
    )


def files(
    house: House,
    *,
    socket: str = VICI_SOCKET,
    state_file: str = STATE_FILE,
    pair_file: str = PAIR_FILE,
    filelog: str = "",
) -> dict[str, str]:
    """All files of a VPN host, by name. `filelog`: also write charon's log to this file (the lab)."""
    rendered = {name: _rendered(house, name) for name in ("swanctl.conf", "nftables.conf", "routes", "sysctl.conf")}
    rendered["strongswan.conf"] = strongswan_conf(house, socket=socket, filelog=filelog)
    rendered["watchdog.json"] = watchdog(house, socket, state_file, pair_file)
    if house.gateway.pair is None:
        return rendered
    return {**rendered, "pair.json": pair(house, house.gateway.pair, socket, pair_file)}


def strongswan_conf(house: House, *, socket: str = VICI_SOCKET, filelog: str = "", client: bool = False) -> str:
    """charon's own settings. `client`: for a laptop, which takes an address from our pool."""
    return _rendered(house, "strongswan.conf", socket=socket, filelog=filelog, client=client)


def _rendered(house: House, name: str, **more: Any) -> str:
    return environment().get_template(f"{name}.j2").render(common(house), **more)


def common(house: House) -> dict[str, Any]:
    """What every template may use."""
    return {
        "gateway": house.gateway,
        "sites": house.sites,
        "profiles": house.profiles.profiles,
        "lifetimes": house.profiles.lifetimes,
        "profile": house.profile,
        "tunnelled": tunnelled(house),
        "user_space": house.gateway.esp == "user-space",
        "name": lambda site: site.customer.replace("-", "_"),
    }


def tunnelled(house: House) -> list[IPv4Network]:
    """Every network that may only travel inside a tunnel: the customers' and the staff's pool."""
    return [network for site in house.sites for network in site.networks.theirs] + [house.gateway.staff.pool]


def wanted(house: House) -> list[dict[str, Any]]:
    """The customers' tunnels as the watchdog and the pair know them."""
    return [
        {"connection": f"site-{s.customer}", "child": s.customer, "initiate": s.initiates != "them"}
        for s in house.sites
    ]


def watchdog(house: House, socket: str, state_file: str, pair_file: str) -> str:
    """The watchdog's configuration in JSON. With a `pair_file` it starts nothing on a host that is not active."""
    values: dict[str, Any] = {"socket": socket, "state_file": state_file, "tunnels": wanted(house)}
    if house.gateway.pair is not None:
        values["pair_file"] = pair_file
    return json.dumps(values, indent=2) + "\n"


def pair(house: House, ours: Pair, socket: str, pair_file: str) -> str:
    """The configuration of strongswan/pair in JSON."""
    gateway = house.gateway
    values = ours.model_dump(mode="json") | {
        "socket": socket,
        "state_file": pair_file,
        "tunnels": wanted(house),
        "configuration": fingerprint(house),
        "address": str(ours.address or gateway.private.address),
        "peer": str(gateway.management.peer),
        "port": gateway.management.heartbeat_port,
        "links": sorted({gateway.wan.interface, gateway.private.interface}),
        "service": [gateway.wan.interface, str(gateway.service_address)],
        "private_service": [gateway.private.interface, str(ours.private_service_address)],
        "destinations": [str(network) for network in tunnelled(house)],
    }
    return json.dumps(values, indent=2) + "\n"


def fingerprint(house: House) -> str:
    """SHA-256 of all that has to be the same on both hosts of a pair."""
    gateway = house.gateway.model_dump(mode="json", exclude={"private", "management", "pair"})
    sites = [site.model_dump(mode="json") for site in house.sites]
    text = json.dumps([gateway, sites, house.profiles.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def psk(house: House, site: Site, secret: str) -> str:
    """A customer's pre-shared key for swanctl's `secrets` directory; base64, so that any character may be in it."""
    encoded = base64.b64encode(secret.encode()).decode()
    template = environment().get_template("secret.conf.j2")
    return template.render(site=site, gateway=house.gateway, secret_base64=encoded)


def units(python: str, folder: str = CONFIGURATION, *, paired: bool = False) -> dict[str, str]:
    """systemd units by name. `python`: interpreter of a venv that has `vici`; `folder`: where the host's files lie."""
    names = ["vpn-firewall.service", "vpn-routes.service", "vpn-watchdog.service"]
    names += ["vpn-pair.service"] if paired else []
    return {name: environment().get_template(f"{name}.j2").render(python=python, folder=folder) for name in names}
