"""The VPN backstop on the applied estate: the active is stopped, its alarm wakes the deployed function by the applied
topic, and that moves address and routes. A plan then leaves them where they are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from scripts.gateway_lib.runtime_api import Function
from scripts.rehearse_lib import functions, wake
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.report import Report
from scripts.rehearse_lib.workspace import Workspace


def play(
    cloud: Cloud, outputs: Mapping[str, Any], space: Workspace, planned: Callable[[], object], report: Report
) -> None:
    """Raises RehearsalError when address or routes are not where they have to be. Leaves them where they were.

    `planned` plans while they are on the standby, and raises when Terraform would move them back.
    """
    if not (name := functions.name_of(cloud, "vpn_failover")):
        report.step("failover", 0.0, "one VPN host, which EC2 recovers: no function to play")
        return
    begun = time.monotonic()
    place = space.place / "failover"
    place.mkdir()
    with (
        functions.deployed(cloud, "vpn_failover", space.place / "out/lambdas", place) as function,
        wake.applied(cloud, name) as woken,
    ):
        pair, active, moved = _moved(cloud, outputs, function, woken)
    planned()
    _back(cloud, pair, active, moved)
    note = f"alarm, SNS, function: address and {len(moved)} routes to the standby; a plan leaves them there; then back"
    report.step("failover", time.monotonic() - begun, note)


Moved = tuple[Mapping[str, Any], Mapping[str, Any], set[tuple[str, str]]]
"""the pair's settings, the host that was active, and the routes that left it"""


def _moved(cloud: Cloud, outputs: Mapping[str, Any], function: Function, woken: wake.Wake) -> Moved:
    ec2, hosts = cloud.client("ec2"), outputs["vpn_hosts"]
    pair = next(iter(outputs["gateways"].values()))["pair"]
    first = _holder(cloud, pair["allocation"])
    active = next(host for host in hosts.values() if host["interface_id"] == first)
    standby = next(host for host in hosts.values() if host["interface_id"] != first)
    for host, tunnels in ((active, 1), (standby, 0)):
        _publishes(cloud, host["instance_id"], tunnels)
    event = woken.by_silence_of(active["instance_id"])
    _expect("stay", function, event, "both hosts live")
    before = _routes(cloud, pair["route_tables"], first)
    ec2.stop_instances(InstanceIds=[active["instance_id"]])
    _expect("move", function, event, "the active is stopped")
    second = standby["interface_id"]
    if _holder(cloud, pair["allocation"]) != second:
        raise RehearsalError("The address did not move to the standby.")
    if not before or _routes(cloud, pair["route_tables"], second) != before:
        raise RehearsalError(f"Not all of these routes lead to the standby: {sorted(before)}")
    recorded = json.loads(cloud.client("ssm").get_parameter(Name=pair["record"])["Parameter"]["Value"])
    if [one["by_silence"] for one in recorded] != [True]:
        raise RehearsalError(f"The record of moves says {recorded}.")
    event = woken.by_silence_of(standby["instance_id"])
    _expect("stay", function, event, "the standby has just taken over")
    return pair, active, before


def _expect(action: str, function: Function, event: Mapping[str, Any], when: str) -> None:
    how, said = function.invoke(event)
    if how != "response" or said["action"] != action:
        raise RehearsalError(f"The function had to {action} when {when}. It said: {said}")


def _publishes(cloud: Cloud, instance: str, tunnels: int) -> None:
    """As the monitor on a VPN host does it every minute."""
    point = {"MetricName": "TunnelsUp", "Dimensions": [{"Name": "Host", "Value": instance}], "Value": tunnels}
    cloud.client("cloudwatch").put_metric_data(
        Namespace="Proforma", MetricData=[point | {"Timestamp": datetime.now(UTC)}]
    )


def _holder(cloud: Cloud, allocation: str) -> str:
    (address,) = cloud.client("ec2").describe_addresses(AllocationIds=[allocation])["Addresses"]
    return str(address.get("NetworkInterfaceId", ""))


def _routes(cloud: Cloud, tables: list[str], interface: str) -> set[tuple[str, str]]:
    """(table, destination) of the routes that lead to an interface."""
    listed = cloud.client("ec2").describe_route_tables(RouteTableIds=tables)["RouteTables"]
    return {
        (table["RouteTableId"], route["DestinationCidrBlock"])
        for table in listed
        for route in table["Routes"]
        if route.get("NetworkInterfaceId") == interface
    }


def _back(cloud: Cloud, pair: Mapping[str, Any], host: Mapping[str, Any], routes: set[tuple[str, str]]) -> None:
    """So that the destroy finds what Terraform remembers."""
    ec2, interface = cloud.client("ec2"), host["interface_id"]
    ec2.start_instances(InstanceIds=[host["instance_id"]])
    ec2.associate_address(AllocationId=pair["allocation"], NetworkInterfaceId=interface, AllowReassociation=True)
    for table, network in routes:
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock=network, NetworkInterfaceId=interface)
