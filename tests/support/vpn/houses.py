"""The example gateway and customers, as they are in the repository."""

from __future__ import annotations

from typing import Literal

from strongswan.render.algorithms import HOME
from strongswan.render.house import House, load

GATEWAY, SITES = HOME / "gateway.example.yml", HOME / "sites"


def example(esp: Literal["kernel", "user-space"] = "user-space") -> House:
    house = load(GATEWAY, sorted(SITES.glob("example-*.yml")))
    return House(house.gateway.model_copy(update={"esp": esp}), house.sites, house.profiles)
