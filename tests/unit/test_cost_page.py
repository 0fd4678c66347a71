"""What an environment costs, from its plan; a price that nobody knows is said to be unknown."""

from __future__ import annotations

import json
from typing import Any

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
PRICES = json.loads((cost_page.DOCS / "prices.json").read_text())


def test_units_are_counted_by_host_hour_and_zone() -> None:
    assert cost_page.amounts(PLAN) == {
        "ec2:t3.medium": 1460,
        "gp3": 40,
        "interface_endpoint": 1460,
        "kms_key": 1,
        "public_ipv4": 730,
    }


def test_an_unknown_price_makes_no_sum() -> None:
    text = cost_page.page({"small": PLAN}, PRICES)
    assert "| ec2:t3.medium | 1460 | unknown | unknown |" in text
    assert "**4.65**, and 3 unknown" in text


def test_with_all_prices_there_is_a_sum() -> None:
    known = {name: one | {"price": 0.01} for name, one in PRICES["prices"].items()}
    assert "| **sum** | | | **36.91** |" in cost_page.page({"small": PLAN}, PRICES | {"prices": known})


def test_each_known_price_has_a_date_and_a_source() -> None:
    for name, one in PRICES["prices"].items():
        assert one["price"] is None or (one["date"] and one["source"].startswith("https://")), name
