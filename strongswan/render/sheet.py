"""The tunnel sheet: all that a customer's network team needs to build their end, in the words of their device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongswan.render.algorithms import Allowed, Exchange, Vendor
from strongswan.render.host import common, environment
from strongswan.render.house import House
from strongswan.render.site import Site

VENDORS: tuple[Vendor, ...] = ("cisco", "juniper", "fortinet")
Row = tuple[str, str, str, str, str]


def sheet(house: House, site: Site) -> str:
    """The sheet in Markdown. It holds no secret."""
    values = _values(house, site)
    values.update(rows=list(rows(house, site)), peer=peer(house, site))
    return environment().get_template("sheet.md.j2").render(values)


def peer(house: House, site: Site) -> str:
    """swanctl.conf for the customer's end, complete but for the pre-shared key."""
    return environment().get_template("peer.swanctl.conf.j2").render(_values(house, site))


def _values(house: House, site: Site) -> dict[str, Any]:
    return {**common(house), "site": site, "certificate": site.authentication.method == "certificate"}


def rows(house: House, site: Site) -> Iterator[Row]:
    """One parameter a row: its name, then the words of Cisco, Juniper, Fortinet and strongSwan."""
    life, allowed, profile = house.profiles.lifetimes, house.profiles.algorithms, house.profile(site)
    for number, proposal in enumerate(profile.ike, 1):
        yield _proposal(f"IKE proposal {number}", proposal, "ike", allowed)
    for number, proposal in enumerate(profile.esp, 1):
        yield _proposal(f"ESP proposal {number}", proposal, "esp", allowed)
    yield _same("IKE lifetime", str(life.ike_rekey), "`lifetime {}`", "`lifetime-seconds {}`", "`set keylife {}`")
    esp = ("`set security-association lifetime seconds {}`", "`lifetime-seconds {}`", "`set keylifeseconds {}`")
    yield _same("ESP lifetime", str(life.child_rekey), *esp)
    yield _dead_peer(life.dpd_delay)
    yield from _identities(house, site)
    yield _selectors(site)


def _proposal(name: str, proposal: str, exchange: Exchange, allowed: Allowed) -> Row:
    words = {str(allowed.kind(word)): allowed.words(word) for word in proposal.split("-")}
    said = {vendor: {kind: word.of(vendor, exchange) for kind, word in words.items()} for vendor in VENDORS}
    makers = (_cisco, _juniper, _fortinet)
    cisco, juniper, fortinet = (make(said[vendor], exchange) for make, vendor in zip(makers, VENDORS, strict=True))
    return (name, cisco, juniper, fortinet, f"`{proposal}`")


def _cisco(said: dict[str, str], exchange: Exchange) -> str:
    if exchange == "ike":
        return _lines(f"{'integrity' if kind == 'integrity' else kind} {word}" for kind, word in said.items())
    transform = " ".join(said[kind] for kind in ("encryption", "integrity") if kind in said)
    return _lines((f"transform-set NAME {transform}", f"set pfs group{said['group']}"))


def _juniper(said: dict[str, str], exchange: Exchange) -> str:
    digest = said.get("integrity") or (said.get("prf") if exchange == "ike" else None)
    parts = [f"encryption-algorithm {said['encryption']}"]
    parts += [f"authentication-algorithm {digest}"] if digest else []
    group = f"dh-group {said['group']}" if exchange == "ike" else f"perfect-forward-secrecy keys {said['group']}"
    return _lines((*parts, group))


def _fortinet(said: dict[str, str], exchange: Exchange) -> str:
    names = ("encryption", "integrity", "prf") if exchange == "ike" else ("encryption", "integrity")
    proposal = "-".join(said[kind] for kind in names if kind in said)
    return _lines((f"set proposal {proposal}", f"set dhgrp {said['group']}"))


def _lines(parts: Any) -> str:
    return "<br>".join(f"`{part}`" for part in parts)


def _same(name: str, value: str, cisco: str, juniper: str, fortinet: str) -> Row:
    return (name, cisco.format(value), juniper.format(value), fortinet.format(value), f"`rekey_time = {value}s`")


def _dead_peer(delay: int) -> Row:
    return (
        "dead peer detection",
        "`crypto ikev2 dpd 10 2 periodic`",
        "`dead-peer-detection always-send interval 10 threshold 2`",
        f"`set dpd on-idle`<br>`set dpd-retryinterval {delay}`",
        f"`dpd_delay = {delay}s`",
    )


def _identities(house: House, site: Site) -> Iterator[Row]:
    for name, identity, cisco, juniper, fortinet, ours in (
        ("your identity", site.gateway.identity, "identity local fqdn", "local-identity hostname", "localid", "local"),
        (
            "our identity",
            house.gateway.identity,
            "match identity remote fqdn",
            "remote-identity hostname",
            "peerid",
            "remote",
        ),
    ):
        words = (f"`{cisco} {identity}`", f"`{juniper} {identity}`", f"`set {fortinet} {identity}`", f"`{ours}.id`")
        yield (name, *words)


def _selectors(site: Site) -> Row:
    pairs = [(theirs, ours) for theirs in site.networks.theirs for ours in site.networks.ours]
    return (
        "traffic selectors",
        _lines(f"permit ip {t.network_address} {t.hostmask} {o.network_address} {o.hostmask}" for t, o in pairs),
        _lines(f"traffic-selector NAME local-ip {t} remote-ip {o}" for t, o in pairs),
        _lines(f"src-subnet {t}, dst-subnet {o}" for t, o in pairs),
        "`local_ts`, `remote_ts`",
    )
