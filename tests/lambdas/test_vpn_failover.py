"""The backstop on EC2: whatever wakes it, what it sees decides. Two hosts, an address, two route tables, a record."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.shared import aws
from lambdas.vpn_failover import handler as module
from tests.lambdas.conftest import Cloud, lines

EVENTS = Path(module.__file__).parent / "events"
NETWORKS = ("10.20.30.0/24", "10.60.0.0/24")
RECORD = "/proforma/vpn/moves"
AGED = 1000.0
"""Seconds that the instances have run when a test looks."""


def payload(name: str = "heartbeat_missing") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


@dataclass
class Pair:
    """The estate in moto; host 0 holds the address."""

    cloud: Cloud
    instances: list[str]
    interfaces: list[str]
    tables: list[str]
    allocation: str

    @property
    def ec2(self) -> Any:
        return self.cloud.client("ec2")

    def publishes(self, host: int, tunnels: int, ago: float = 0.0) -> None:
        """What the monitor on the host tells once a minute."""
        point = {
            "MetricName": "TunnelsUp",
            "Dimensions": [{"Name": "Host", "Value": self.instances[host]}],
            "Timestamp": datetime.fromtimestamp(time.time() + AGED - ago, UTC),
            "Value": tunnels,
        }
        self.cloud.client("cloudwatch").put_metric_data(Namespace="Proforma", MetricData=[point])

    def holder(self) -> int:
        address = self.ec2.describe_addresses(AllocationIds=[self.allocation])["Addresses"][0]
        return self.interfaces.index(address["NetworkInterfaceId"])

    def routes(self) -> set[int]:
        """Hosts that the routes lead to."""
        tables = self.ec2.describe_route_tables(RouteTableIds=self.tables)["RouteTables"]
        ours = [r for table in tables for r in table["Routes"] if r.get("DestinationCidrBlock") in NETWORKS]
        assert len(ours) == len(self.tables) * len(NETWORKS)
        return {self.interfaces.index(route["NetworkInterfaceId"]) for route in ours}

    def record(self) -> list[dict[str, Any]]:
        text = self.cloud.client("ssm").get_parameter(Name=RECORD)["Parameter"]["Value"]
        found: list[dict[str, Any]] = json.loads(text)
        return found

    def recorded(self, *ago: float, by_silence: bool = True) -> None:
        moves = [{"at": time.time() + AGED - one, "by_silence": by_silence} for one in ago]
        self.cloud.client("ssm").put_parameter(Name=RECORD, Value=json.dumps(moves), Type="String", Overwrite=True)

    def stop(self, host: int) -> None:
        self.ec2.stop_instances(InstanceIds=[self.instances[host]])


@pytest.fixture
def pair(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    aws.client.cache_clear()
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/24")["Subnet"]["SubnetId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, SubnetId=subnet)["Instances"]
    instances = [one["InstanceId"] for one in made]
    interfaces = [one["NetworkInterfaces"][0]["NetworkInterfaceId"] for one in made]
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    for table in tables:
        for network in NETWORKS:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock=network, NetworkInterfaceId=interfaces[0])
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interfaces[0])
    cloud.client("ssm").put_parameter(Name=RECORD, Value="[]", Type="String")
    environment = {
        "ALLOCATION_ID": allocation,
        "INTERFACES": ",".join(interfaces),
        "ROUTE_TABLES": ", ".join(tables),
        "DESTINATIONS": ",".join(NETWORKS),
        "RECORD": RECORD,
        "TUNNELS_EXPECTED": "2",
    }
    cloud.environment.update(environment)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: time.time() + AGED))
    yield Pair(cloud, instances, interfaces, tables, allocation)
    aws.client.cache_clear()


def wake(event: Any = None) -> str:
    return module.handler(payload() if event is None else event, None)["action"]


def test_an_active_that_is_stopped_loses_address_and_every_route_to_the_standby(pair: Pair) -> None:
    pair.publishes(0, 2)
    pair.publishes(1, 0)
    pair.stop(0)
    assert wake() == "move"
    assert (pair.holder(), pair.routes()) == (1, {1})
    assert [one["by_silence"] for one in pair.record()] == [True]
    told = pair.cloud.messages(pair.cloud.environment["ALARM_QUEUE_URL"])
    assert [one["event"] for one in told] == ["VpnMoved"]


def test_an_active_that_runs_and_publishes_no_more_is_gone(pair: Pair) -> None:
    pair.publishes(0, 2, ago=400)
    pair.publishes(1, 0)
    assert wake() == "move"
    assert pair.holder() == 1


@pytest.mark.parametrize(("up_ago", "action", "holder"), [(100, "stay", 0), (400, "move", 1)])
def test_an_active_that_lives_without_tunnels_is_left_when_that_has_lasted(
    pair: Pair, up_ago: float, action: str, holder: int
) -> None:
    pair.publishes(1, 0)
    pair.publishes(0, 2, ago=up_ago)
    pair.publishes(0, 0)
    assert wake() == action
    assert pair.holder() == holder


def test_the_same_alarm_played_again_late_or_twice_moves_nothing_back(pair: Pair) -> None:
    pair.publishes(0, 2, ago=400)
    pair.publishes(1, 0)
    assert wake() == "move"
    pair.publishes(1, 2)
    pair.publishes(0, 0)  # the old active is back
    assert [wake() for _ in range(3)] == ["stay"] * 3
    assert (pair.holder(), len(pair.record())) == (1, 1)


def test_an_alarm_of_the_standby_moves_nothing(pair: Pair) -> None:
    pair.publishes(0, 2)
    pair.stop(1)
    assert wake() == "stay"
    assert pair.holder() == 0


def test_without_a_standby_that_publishes_nothing_is_moved_and_people_are_told(pair: Pair) -> None:
    pair.stop(0)
    pair.publishes(1, 0, ago=400)
    assert wake() == "hold"
    assert pair.holder() == 0
    told = pair.cloud.messages(pair.cloud.environment["ALARM_QUEUE_URL"])
    assert "not ready" in told[0]["reason"]


def test_what_others_moved_before_counts_so_that_it_does_not_flap(pair: Pair) -> None:
    pair.publishes(0, 2, ago=400)
    pair.publishes(1, 0)
    pair.recorded(3000, 2000, 1000)
    assert wake() == "hold"
    assert pair.holder() == 0
    pair.recorded(4000, 2000, 1000)
    assert wake() == "move"


def test_a_move_that_was_cut_short_is_finished_by_the_next_alarm(pair: Pair) -> None:
    pair.ec2.associate_address(
        AllocationId=pair.allocation, NetworkInterfaceId=pair.interfaces[1], AllowReassociation=True
    )
    pair.publishes(1, 2)
    pair.publishes(0, 0)
    assert pair.routes() == {0}
    assert wake() == "stay"
    assert pair.routes() == {1}


def test_a_missing_route_is_an_error_after_all_others_were_turned(pair: Pair, capsys: Any) -> None:
    pair.ec2.delete_route(RouteTableId=pair.tables[0], DestinationCidrBlock=NETWORKS[0])
    pair.publishes(0, 2, ago=400)
    pair.publishes(1, 0)
    with pytest.raises(Exception, match="ReplaceRoute"):
        wake()
    assert pair.holder() == 1
    assert "vpn_failed" in [line["event"] for line in lines(capsys.readouterr().out)]
    table = pair.ec2.describe_route_tables(RouteTableIds=[pair.tables[1]])["RouteTables"][0]
    assert pair.interfaces[0] not in [route.get("NetworkInterfaceId") for route in table["Routes"]]


def test_an_unreadable_record_moves_nothing(pair: Pair) -> None:
    pair.stop(0)
    pair.publishes(1, 0)
    pair.cloud.client("ssm").put_parameter(Name=RECORD, Value="lost", Type="String", Overwrite=True)
    with pytest.raises(ValueError, match="record of moves"):
        wake()
    assert pair.holder() == 0


def test_an_alarm_that_ended_is_ignored(pair: Pair) -> None:
    pair.stop(0)
    pair.publishes(1, 0)
    assert wake(payload("alarm_ended")) == "ignored"
    assert pair.holder() == 0


@pytest.mark.parametrize("event", [{}, [], {"Records": [{}]}, {"Records": [{"Sns": {"Message": "no JSON"}}]}])
def test_what_is_no_alarm_is_refused_and_moves_nothing(pair: Pair, event: Any) -> None:
    pair.stop(0)
    pair.publishes(1, 0)
    with pytest.raises(ValueError, match="no alarm"):
        wake(event)
    assert pair.holder() == 0
