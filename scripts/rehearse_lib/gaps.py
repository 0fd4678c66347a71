"""What moto gives back differently than AWS does: all that a second plan may show, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Gap:
    """`address` and `attribute` are regular expressions that have to match from beginning to end."""

    address: str
    attribute: str
    reason: str

    def covers(self, address: str, attribute: str) -> bool:
        return bool(re.fullmatch(self.address, address) and re.fullmatch(self.attribute, attribute))


KNOWN = (
    Gap(r".*aws_rds_cluster\.this", "scaling_configuration", "moto invents a scaling of the first Aurora Serverless"),
    Gap(
        r".*aws_vpc_security_group_(in|e)gress_rule\..*",
        "description",
        "moto forgets the description of a rule that names a group or a prefix list",
    ),
    Gap(r".*aws_vpc_endpoint\.private_api\[0\]", "subnet_configuration", "moto chooses an endpoint's addresses itself"),
    Gap(
        r".*aws_autoscaling_group\..*",
        "default_instance_warmup|launch_template|capacity_reservation_specification|latest_version|instance_maintenance_policy|wait_for_capacity_timeout|warm_pool",
        "moto forgets warm-up and policies of a group, and gives a number for a template's version",
    ),
    Gap(
        r".*aws_launch_template\..*",
        "tag_specifications|latest_version|default_version",
        "moto adds tags of its own to a template",
    ),
    Gap(r".*aws_instance\.host\[.*\]", "maintenance_options", "moto does not know how an instance recovers"),
    Gap(r".*aws_kms_key\..*", "rotation_period_in_days", "moto knows rotation, not its period"),
    Gap(r".*aws_autoscaling_policy\..*", ".*", "moto gives target tracking back in another order"),
    Gap(r".*aws_lambda_function\..*", "dead_letter_config|logging_config", "moto forgets both"),
)


def differing(change: Mapping[str, Any]) -> set[str]:
    """Names of attributes that a plan's entry would change; `(whole)` where it would make or remove the resource."""
    if change["actions"] != ["update"]:
        return {"(whole)"}
    before, after = change["before"], change["after"]
    unknown = {name for name, value in (change.get("after_unknown") or {}).items() if value is True}
    return {
        name for name in before.keys() | after.keys() if name not in unknown and before.get(name) != after.get(name)
    } | unknown


def seen(changes: Iterable[Mapping[str, Any]], known: tuple[Gap, ...] = KNOWN) -> set[Gap]:
    """The gaps that these changes show. One that no environment shows any more would hide something one day."""
    return {g for one in changes for a in differing(one["change"]) for g in known if g.covers(one["address"], a)}


def unexplained(changes: Iterable[Mapping[str, Any]], known: tuple[Gap, ...] = KNOWN) -> list[str]:
    """Lines "address: attributes" for what no gap covers."""
    found = []
    for one in changes:
        rest = [a for a in sorted(differing(one["change"])) if not any(g.covers(one["address"], a) for g in known)]
        if rest:
            found.append(f"{one['address']}: {', '.join(rest)}")
    return found
