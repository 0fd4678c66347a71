"""What a VPN host needs beside rendered files: are the keys and authorities that site files name at hand?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from strongswan.render import host
from strongswan.render.house import House
from strongswan.render.marks import read
from strongswan.render.problems import Finding, Problem, RefusedError
from strongswan.render.site import Site

LEAST = 32
"""Characters of a pre-shared key, as the tunnel sheet promises."""


def check(house: House, gateway: Path, sites: Path, keys: Mapping[str, str] | None, trust: Path | None) -> None:
    """Raises RefusedError with file and line of everything that is named and not there. None: not looked at."""
    problems: list[Problem] = []
    for site in house.sites:
        found = [*_key(site, keys), *_authority(site, trust)]
        problems += [read(sites / f"{site.customer}.yml").problem(one) for one in found]
    if trust is not None and not (trust / "x509ca" / house.gateway.staff.ca).is_file():
        problems.append(read(gateway).problem(_absent(("staff", "ca"), house.gateway.staff.ca, trust)))
    if problems:
        raise RefusedError(problems)


def _key(site: Site, keys: Mapping[str, str] | None) -> Iterator[Finding]:
    if keys is None or site.authentication.method != "psk":
        return
    if len(keys.get(site.customer, "")) < LEAST:
        what = f"The pre-shared key of {site.customer} is missing or has fewer than {LEAST} characters."
        remedy = f"Put it into the vault, in strongswan_gateway_preshared_keys under {site.customer}."
        yield Finding(("authentication", "secret"), what, remedy)


def _authority(site: Site, trust: Path | None) -> Iterator[Finding]:
    proof = site.authentication
    if trust is None or proof.ca is None:
        return
    if not (trust / "x509ca" / proof.ca).is_file():
        yield _absent(("authentication", "ca"), proof.ca, trust)


def _absent(place: tuple[str, str], name: str, trust: Path) -> Finding:
    return Finding(place, f"There is no authority `{name}`.", f"Put its certificate into {trust.name}/x509ca/{name}.")


def preshared(house: House, keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Customer and content of the secret's file, for each customer with a pre-shared key."""
    for site in house.sites:
        if site.authentication.method == "psk":
            yield site.customer, host.psk(house, site, keys[site.customer])


def write(house: House, keys: Mapping[str, str], folder: Path) -> None:
    """One file of mode 0600 for each customer with a pre-shared key."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for customer, text in preshared(house, keys):
        with os.fdopen(os.open(folder / f"{customer}.conf", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
