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
    Gap(
        r"module\.database\.aws_rds_cluster\.this",
        "scaling_configuration",
        "moto invents the scaling of the first Aurora Serverless",
    ),
    Gap(
        r"module\.network\.aws_vpc_security_group_(in|e)gress_rule\.(call\[.+\]|s3\[.+\]|heartbeat)",
        "description",
        "moto forgets the description of a rule that names a group or a prefix list",
    ),
    Gap(
        r"module\.network\.aws_vpc_endpoint\.private_api\[0\]",
        "subnet_configuration",
        "moto gives an endpoint other addresses than it was asked for",
    ),
    Gap(
        r"module\.(portal|workers)\.aws_launch_template\.this(\[.+\])?",
        "tag_specifications|default_version|latest_version",
        "moto takes the tags of a template for tags that a template gives, which would make a new version",
    ),
    Gap(
        r"module\.(portal|workers)\.aws_autoscaling_group\.this(\[.+\])?",
        "launch_template",
        "a group follows its template's version, which moto would have made anew",
    ),
    Gap(
        r"module\.(portal|workers)\.aws_autoscaling_group\.this(\[.+\])?",
        "capacity_reservation_specification|default_instance_warmup",
        "moto forgets a group's warm-up, and invents a reservation of capacity",
    ),
    Gap(
        r"module\.(portal|workers)\.aws_autoscaling_group\.this(\[.+\])?",
        "service_linked_role_arn",
        "moto gives every group the role that an account's groups share",
    ),
    Gap(
        r"module\.workers\.aws_autoscaling_policy\.queue\[.+\]",
        "enabled|predictive_scaling_configuration",
        "moto calls every policy of scaling off, and invents a predictive part",
    ),
    Gap(
        r"module\.vpn\.aws_instance\.host\[.+\]",
        "maintenance_options",
        "moto does not know how an instance recovers",
    ),
)

WOKEN = Gap(
    r"module\.vpn\.aws_sns_topic_subscription\.wake\[0\]",
    "filter_policy",
    "moto keeps an empty filter where the rehearsal took its own away (wake.py); AWS then has none",
)
"""after a failover alone, so that it is none of those that a second plan has to show"""


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
