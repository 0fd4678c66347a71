"""How files of playbooks reach a host: through a bucket in which nothing stays, that the host asks by S3's endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.rehearse_lib.environments import NAME
from scripts.rehearse_lib.moto import REGION, Cloud

HOSTS = ("portal", "vpn", "worker")
OURS = [{"Name": "tag:Installation", "Values": [NAME]}]


def faults(cloud: Cloud, buckets: Mapping[str, str]) -> Iterator[str]:
    """`buckets`: the output. Raises an error of AWS when what it names is not there."""
    ec2 = cloud.client("ec2")
    known = ec2.describe_prefix_lists()["PrefixLists"]
    lists = {one["PrefixListId"] for one in known if one["PrefixListName"] == f"com.amazonaws.{REGION}.s3"}
    yield from _ways(ec2, lists)
    yield from _passes(ec2, lists)
    if "transfer" in buckets:
        yield from _bucket(cloud.client("s3"), buckets["transfer"])
    else:
        yield "no bucket is there for the files"


def _ways(ec2: Any, lists: set[str]) -> Iterator[str]:
    """From each subnet with a host of ours, a public one too: a standby has no address to reach S3 from otherwise."""
    led = {
        association.get("SubnetId")
        for table in ec2.describe_route_tables(Filters=OURS)["RouteTables"]
        if any(route.get("DestinationPrefixListId") in lists for route in table["Routes"])
        for association in table["Associations"]
    }
    running = [*OURS, {"Name": "instance-state-name", "Values": ["running"]}]
    for reservation in ec2.describe_instances(Filters=running)["Reservations"]:
        for host in reservation["Instances"]:
            if host["SubnetId"] not in led:
                yield f"no route from {_role(host)} {host['InstanceId']} to S3"


def _role(host: Mapping[str, Any]) -> str:
    return next((one["Value"] for one in host.get("Tags", []) if one["Key"] == "Role"), "a host")


def _passes(ec2: Any, lists: set[str]) -> Iterator[str]:
    for group in ec2.describe_security_groups(Filters=OURS)["SecurityGroups"]:
        passes = {
            one["PrefixListId"]
            for rule in group["IpPermissionsEgress"]
            if (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort")) == ("tcp", 443, 443)
            for one in rule.get("PrefixListIds", [])
        }
        if group["GroupName"] in {f"{NAME}-{host}" for host in HOSTS} and not passes & lists:
            yield f"{group['GroupName']} may not ask S3"


def _bucket(s3: Any, name: str) -> Iterator[str]:
    """A module comes with its arguments, secrets among them: no copy may stay, and none may go without TLS."""
    rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    if not any(rule["Status"] == "Enabled" and rule.get("Expiration", {}).get("Days") == 1 for rule in rules):
        yield f"what a broken play leaves in {name} stays longer than a day"
    if s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled":
        yield f"{name} keeps versions of what was deleted"
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    if not any(
        one["Effect"] == "Deny" and one.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for one in policy["Statement"]
    ):
        yield f"{name} may be asked without TLS"
