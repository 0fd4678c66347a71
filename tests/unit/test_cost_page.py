"""What an environment costs, from its plan; a price that nobody knows is said to be unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from portal.environment import SETTINGS
from scripts import cost_page


def managed(kind: str, address: str, **values: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "address": address, "values": values}


PLAN = {
    "variables": {"endpoint_zones": {"value": 2}},
    "planned_values": {
        "root_module": {
            "child_modules": [
                {
                    "resources": [
                        managed("aws_autoscaling_group", "module.portal.aws_autoscaling_group.this", min_size=2),
                        managed(
                            "aws_launch_template",
                            "module.portal.aws_launch_template.this",
                            instance_type="t3.medium",
                            block_device_mappings=[{"ebs": [{"volume_size": 20}]}],
                        ),
                        managed("aws_vpc_endpoint", "module.network.aws_vpc_endpoint.x", vpc_endpoint_type="Interface"),
                        managed("aws_vpc_endpoint", "module.network.aws_vpc_endpoint.s3", vpc_endpoint_type="Gateway"),
                        managed("aws_kms_key", "module.security.aws_kms_key.this"),
                        managed("aws_eip", "module.vpn.aws_eip.service"),
                    ]
                }
            ]
        }
    },
}
PRICES: dict[str, Any] = json.loads((cost_page.DOCS / "prices.json").read_text())
PAGE = (cost_page.DOCS / "cost.md").read_text()


def priced(price: float, unknown: Sequence[str] = ()) -> dict[str, Any]:
    """The file of prices, with the same one for all but `unknown`."""
    made = {name: one | {"price": None if name in unknown else price} for name, one in PRICES["prices"].items()}
    return PRICES | {"prices": made}


def printed(environment: str) -> Decimal:
    """The sum that stands on the page, after each row and the sum itself were calculated again."""
    section = PAGE.partition(f"## {environment}\n")[2].partition("\n## ")[0]
    total = Decimal(0)
    for name, units, price, cost in re.findall(r"^\| ([\w:.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", section, re.M):
        assert Decimal(price) == Decimal(str(PRICES["prices"][name]["price"])), name
        assert f"{Decimal(units) * Decimal(price):.2f}" == cost, name
        total += Decimal(units) * Decimal(price)
    assert f"**{total:.2f}**" in section, environment
    return total


def test_units_are_counted_by_host_hour_and_zone() -> None:
    assert cost_page.amounts(PLAN) == {
        "ec2:t3.medium": 1460,
        "gp3": 40,
        "interface_endpoint": 1460,
        "kms_key": 1,
        "public_ipv4": 730,
    }


def test_an_unknown_price_makes_no_sum() -> None:
    text = cost_page.page({"small": PLAN}, priced(0.01, unknown=("ec2:t3.medium",)))
    assert "| ec2:t3.medium | 1460 | unknown | unknown |" in text
    assert "**22.31**, and 1 unknown" in text
    assert "**not known**" in text


def test_with_all_prices_there_is_a_sum() -> None:
    assert "| **sum** | | | **36.91** |" in cost_page.page({"small": PLAN}, priced(0.01))


def test_a_promise_is_kept_or_exceeded_with_the_bootstrap() -> None:
    """3691 units; the bootstrap's key is one more."""
    key: dict[str, Any] = {
        "planned_values": {"root_module": {"resources": [managed("aws_kms_key", "aws_kms_key.state")]}}
    }
    plans = {"bootstrap": key, "small": PLAN, "standard": PLAN}
    kept = cost_page.page(plans, priced(0.05))
    assert "**kept**, with 15.40 left" in kept
    assert "The largest part is interface_endpoint, 73.00." in kept
    assert "**exceeded by 21.52**" in cost_page.page(plans, priced(0.06))
    assert kept.count("may cost") == 1  # standard promises nothing


@pytest.mark.parametrize(("least", "counted"), [(0, 0.5), (0.5, 0.5), (1, 1)])
def test_a_database_that_may_pause_counts_as_awake(least: float, counted: float) -> None:
    scaling = {"min_capacity": least, "max_capacity": 2}
    resources = [
        managed("aws_rds_cluster", "aws_rds_cluster.this", serverlessv2_scaling_configuration=[scaling]),
        managed("aws_rds_cluster_instance", "aws_rds_cluster_instance.this[0]"),
        managed("aws_rds_cluster_instance", "aws_rds_cluster_instance.this[1]"),
    ]
    plan = {"planned_values": {"root_module": {"resources": resources}}}
    assert cost_page.amounts(plan) == {"aurora_acu": 2 * counted * cost_page.HOURS}


def test_the_page_is_what_the_prices_make_of_its_units_and_small_keeps_its_promise() -> None:
    """Without Terraform: units are taken from the page, prices from the file."""
    sums = {name: printed(name) for name in ("bootstrap", "small", "standard")}
    assert 0 < sums["bootstrap"] + sums["small"] <= cost_page.MOST["small"]
    assert f"**kept**, with {cost_page.MOST['small'] - sums['bootstrap'] - sums['small']:.2f} left" in PAGE


def test_no_worker_lets_the_database_pause() -> None:
    """Why LEAST_AWAKE is counted: should this no longer hold, the page says too much."""
    looks = next(one for one in SETTINGS if one.name == "SWEEP_SECONDS")
    pause = re.search(r"pause_seconds = (\d+)", (cost_page.DOCS.parent / "terraform/envs/small.tfvars").read_text())
    assert pause
    assert looks.default < int(pause[1])


def test_each_known_price_has_a_date_and_a_source() -> None:
    for name, one in PRICES["prices"].items():
        assert one["price"] is None or (one["date"] and one["source"].startswith("https://")), name
