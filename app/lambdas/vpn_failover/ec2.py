"""The driver for EC2: who holds the address, turning address and routes to a host, the record of moves.

Used by the function and by the standby host. Everything here may be done twice: it sets, and counts nothing up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from lambdas.shared import aws
from lambdas.vpn_failover.decide import Move

KEPT = 20
CLOCKS_DIFFER = 60.0
"""Seconds that the clocks of two recorders may be apart."""


@dataclass(frozen=True, slots=True)
class Estate:
    """What moves: an address by its allocation, routes to `destinations` in `route_tables`. `record`: SSM parameter."""

    allocation: str
    route_tables: tuple[str, ...]
    destinations: tuple[str, ...]
    record: str


def holder(estate: Estate) -> str:
    """The network interface that holds the address; "" when none does."""
    answer = aws.client("ec2").describe_addresses(AllocationIds=[estate.allocation])
    return str(answer["Addresses"][0].get("NetworkInterfaceId", ""))


def move(estate: Estate, interface: str) -> None:
    """Address first, since tunnels need it to come up; then every route. Raises an error of AWS, after trying all."""
    aws.client("ec2").associate_address(
        AllocationId=estate.allocation, NetworkInterfaceId=interface, AllowReassociation=True
    )
    turn(estate, interface)


def turn(estate: Estate, interface: str) -> int:
    """Every route that leads elsewhere, to this interface; how many. Raises an error of AWS, after trying all."""
    ec2, wrong = aws.client("ec2"), astray(estate, interface)

    failed: list[Exception] = []

    def one(place: tuple[str, str]) -> None:
        try:
            ec2.replace_route(RouteTableId=place[0], DestinationCidrBlock=place[1], NetworkInterfaceId=interface)
        except aws.AWS_ERRORS as error:
            failed.append(error)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, wrong))
    if failed:
        raise failed[0]
    return len(wrong)


def astray(estate: Estate, interface: str) -> list[tuple[str, str]]:
    """(route table, destination) of every route of ours that does not lead to the interface, or is not there."""
    if not estate.route_tables:
        return []
    tables = aws.client("ec2").describe_route_tables(RouteTableIds=list(estate.route_tables))["RouteTables"]
    right = {
        (table["RouteTableId"], route.get("DestinationCidrBlock"))
        for table in tables
        for route in table["Routes"]
        if route.get("NetworkInterfaceId") == interface
    }
    wanted = [(table, network) for table in estate.route_tables for network in estate.destinations]
    return [place for place in wanted if place not in right]


def moves(estate: Estate, now: float) -> tuple[Move, ...]:
    """What is recorded, in seconds since 1970. Raises ValueError when it cannot be read: then nothing may move."""
    text = aws.client("ssm").get_parameter(Name=estate.record)["Parameter"]["Value"]
    try:
        return tuple(_move(one, now) for one in json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"the record of moves ({estate.record}) cannot be read") from None


def _move(one: Any, now: float) -> Move:
    at = float(one["at"])
    return Move(min(at, now) if at < now + CLOCKS_DIFFER else at, bool(one["by_silence"]))


def note(estate: Estate, earlier: Iterable[Move], made: Move) -> None:
    """Add a move to the record; the newest are kept."""
    newest = sorted((*earlier, made), key=lambda one: one.at)[-KEPT:]
    text = json.dumps([{"at": round(one.at, 3), "by_silence": one.by_silence} for one in newest])
    aws.client("ssm").put_parameter(Name=estate.record, Value=text, Type="String", Overwrite=True)
