"""What the function can see of both VPN hosts, in seconds since 1970: EC2's word, and the metric they publish."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.shared import aws
from lambdas.vpn_failover.decide import Observation

HISTORY = 900.0
"""Seconds of the metric that are looked at."""


@dataclass(frozen=True, slots=True)
class Host:
    """One VPN host. `alive`: EC2 says that it runs and is not impaired. `points`: (time, tunnels up), newest last."""

    interface: str
    instance: str
    since: float
    alive: bool
    points: tuple[tuple[float, float], ...]

    @property
    def heard_at(self) -> float | None:
        return self.points[-1][0] if self.points else None

    @property
    def installed_at(self) -> float | None:
        return max((at for at, tunnels in self.points if tunnels >= 1), default=None)


def hosts(interfaces: tuple[str, ...], now: float) -> dict[str, Host]:
    """By network interface. An interface without an instance is a host that is not alive."""
    described = aws.client("ec2").describe_network_interfaces(NetworkInterfaceIds=list(interfaces))
    attached = {one["NetworkInterfaceId"]: one.get("Attachment", {}) for one in described["NetworkInterfaces"]}
    alive = _alive([a["InstanceId"] for a in attached.values() if a.get("InstanceId")])
    return {interface: _host(interface, attached[interface], alive, now) for interface in interfaces}


def _host(interface: str, attachment: Mapping[str, Any], alive: Mapping[str, bool], now: float) -> Host:
    instance = str(attachment.get("InstanceId", ""))
    since = attachment.get("AttachTime")
    points = _points(instance, now) if instance else ()
    return Host(interface, instance, since.timestamp() if since else 0.0, alive.get(instance, False), points)


def _alive(instances: list[str]) -> dict[str, bool]:
    if not instances:
        return {}
    answer = aws.client("ec2").describe_instance_status(InstanceIds=instances, IncludeAllInstances=True)
    return {one["InstanceId"]: _well(one) for one in answer["InstanceStatuses"]}


def _well(status: Mapping[str, Any]) -> bool:
    checks = [status.get(name, {}).get("Status") for name in ("InstanceStatus", "SystemStatus")]
    return status["InstanceState"]["Name"] == "running" and "impaired" not in checks


def _points(instance: str, now: float) -> tuple[tuple[float, float], ...]:
    end = datetime.fromtimestamp(now, UTC)
    metric = {
        "Namespace": os.environ.get("METRIC_NAMESPACE", "Proforma"),
        "MetricName": os.environ.get("METRIC", "TunnelsUp"),
        "Dimensions": [{"Name": "Host", "Value": instance}],
    }
    query = {"Id": "tunnels", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=end - timedelta(seconds=HISTORY), EndTime=end + timedelta(seconds=60)
    )["MetricDataResults"][0]
    # a point is stamped with the beginning of its minute, and may hold what was said at the end of it
    found = (
        (min(at.timestamp() + 60, now), float(v)) for at, v in zip(answer["Timestamps"], answer["Values"], strict=True)
    )
    return tuple(sorted(found))


def observation(active: Host | None, standby: Host | None, now: float, *, lost: float, expected: int) -> Observation:
    """For decide(). `lost`: seconds after which a host that no longer publishes counts as silent. A host that EC2 calls
    dead is silent from the beginning, whatever it said a minute ago."""
    begun = max(now - HISTORY, min(active.since, now)) if active and active.alive else now - HISTORY
    ready = standby is not None and standby.alive and now - (standby.heard_at or 0.0) < lost
    return Observation(
        now=now,
        watching_since=begun,
        heartbeat_at=active.heard_at if active and active.alive else None,
        installed_at=active.installed_at if active else None,
        tunnels_expected=expected,
        standby_ready=ready,
        witness_reached=True,  # the API has just answered
    )
