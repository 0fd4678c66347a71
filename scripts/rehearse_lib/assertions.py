"""What has to be true of what was applied, asked of (moto's) AWS itself and not of Terraform."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scripts.rehearse_lib import applied, iam, protections, rights, transfer
from scripts.rehearse_lib.environments import NAME
from scripts.rehearse_lib.moto import REGION, Cloud
from scripts.rehearse_lib.seen import Applied

STAFF = "10.60.0.0/24"
PUBLIC_PORTS = {("udp", 500, 500), ("udp", 4500, 4500)}


def _ours(kind: str) -> list[dict[str, Any]]:
    return [{"Name": "tag:Installation", "Values": [NAME]}] if kind == "tag" else []


def public_ports(seen: Applied) -> Iterator[str]:
    """Nothing but IKE and ESP in UDP is open to the world, and that on VPN hosts alone."""
    for group in seen.cloud.client("ec2").describe_security_groups(Filters=_ours("tag"))["SecurityGroups"]:
        for rule in group["IpPermissions"]:
            world = any(one["CidrIp"].endswith("/0") for one in rule["IpRanges"]) or rule.get("Ipv6Ranges")
            port = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
            if world and (port not in PUBLIC_PORTS or group["GroupName"] != f"{NAME}-vpn"):
                yield f"{group['GroupName']} is open to the world on {port}"


def outward_ports(seen: Applied) -> Iterator[str]:
    """Nobody may send everything everywhere; the world is reached by IKE alone."""
    for group in seen.cloud.client("ec2").describe_security_groups(Filters=_ours("tag"))["SecurityGroups"]:
        if group["GroupName"] == "default":
            continue
        for rule in group["IpPermissionsEgress"]:
            world = any(one["CidrIp"].endswith("/0") for one in rule["IpRanges"])
            port = (rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))
            if rule["IpProtocol"] == "-1" or (world and port not in PUBLIC_PORTS):
                yield f"{group['GroupName']} may send to the world on {port}"


def endpoints(seen: Applied) -> Iterator[str]:
    """Hosts have the way to AWS that their environment promises, and there is no NAT unless it is wanted."""
    ec2 = seen.cloud.client("ec2")
    found = {
        one["ServiceName"].rsplit(".", 1)[-1]
        for one in ec2.describe_vpc_endpoints(Filters=_ours("tag"))["VpcEndpoints"]
    }
    needed = {"s3", "sqs", "ssm", "ssmmessages", "secretsmanager", "monitoring", "logs", "execute-api"} | (
        {"ec2"} if seen.standard else set()
    )
    if missing := needed - found:
        yield f"endpoints are missing: {', '.join(sorted(missing))}"
    gateways = [g for g in ec2.describe_nat_gateways()["NatGateways"] if g["State"] != "deleted"]
    if bool(gateways) != (seen.standard):
        yield f"{len(gateways)} NAT gateways"


def forwarding(seen: Applied) -> Iterator[str]:
    """VPN hosts forward, and routes to staff and customers lead to the interface that holds the service address."""
    ec2 = seen.cloud.client("ec2")
    ids = [host["interface_id"] for host in seen.outputs["vpn_hosts"].values()]
    if len(ids) != (2 if seen.standard else 1):
        yield f"{len(ids)} VPN hosts"
    for interface in ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]:
        if interface["SourceDestCheck"]:
            yield f"{interface['NetworkInterfaceId']} drops what it should forward (source/destination check)"
    addresses = ec2.describe_addresses(PublicIps=[seen.outputs["service_address"]])["Addresses"]
    holder = addresses[0].get("NetworkInterfaceId")
    if holder not in ids:
        yield "the service address is on no VPN host"
    routes = [
        (route["DestinationCidrBlock"], route.get("NetworkInterfaceId"))
        for table in ec2.describe_route_tables(Filters=_ours("tag"))["RouteTables"]
        for route in table["Routes"]
        if "DestinationCidrBlock" in route
    ]
    for network in (STAFF, "10.20.30.0/24"):
        leads = {target for cidr, target in routes if cidr == network}
        if leads != {holder}:
            yield f"{network} leads to {leads or 'nowhere'}, and not to the VPN"


def encryption(seen: Applied) -> Iterator[str]:
    """The database is encrypted, guarded, and can be restored to the second; no bucket can be made public."""
    rds = seen.cloud.client("rds")
    cluster = rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
    for key, good in {"StorageEncrypted": True, "DeletionProtection": True}.items():
        if cluster.get(key) is not good:
            yield f"the database has {key} {cluster.get(key)}"
    if cluster["BackupRetentionPeriod"] < 7 or "MasterUserSecret" not in cluster:
        yield "the database has too few backups, or its master's password is not managed"
    log = f"/aws/rds/cluster/{NAME}/postgresql"
    groups = seen.cloud.client("logs").describe_log_groups(logGroupNamePrefix=log)["logGroups"]
    if not [one for one in groups if one.get("retentionInDays") and one.get("kmsKeyId") == seen.key("logs")]:
        yield "the database's log is not sealed with the key logs, or is kept for ever"
    s3 = seen.cloud.client("s3")
    for name in seen.outputs["buckets"].values():
        blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        if not all(blocked.values()):
            yield f"{name} could be made public"


def instances(seen: Applied) -> Iterator[str]:
    """Metadata only by IMDSv2, disks encrypted, public addresses on no host but a VPN host."""
    ec2 = seen.cloud.client("ec2")
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    for template in templates:
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Latest"]
        )
        data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        if data.get("MetadataOptions", {}).get("HttpTokens") != "required":
            yield f"{template['LaunchTemplateName']}: metadata without a token"
        if any(one.get("AssociatePublicIpAddress") for one in data.get("NetworkInterfaces", [])):
            yield f"{template['LaunchTemplateName']}: public address"
        disks = [one["Ebs"] for one in data.get("BlockDeviceMappings", [])]
        if not disks or any(not one.get("Encrypted") or "KmsKeyId" not in one for one in disks):
            yield f"{template['LaunchTemplateName']}: a disk is not encrypted with our key"
    if len(templates) != (2 if seen.standard else 1):
        yield f"{len(templates)} launch templates"


def playbooks(seen: Applied) -> Iterator[str]:
    """Their files reach every host, and stay nowhere on the way."""
    yield from transfer.faults(seen.cloud, seen.outputs["buckets"])


GROUPS = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


def volumes(seen: Applied) -> Iterator[str]:
    """Groups can start hosts: their own role may read images, encrypt volumes, and lend both keys to AWS alone.

    No policy can be attached to that role, so what a key leaves to the account's IAM is left aside.
    """
    kms = seen.cloud.client("kms")
    account = seen.cloud.client("sts").get_caller_identity()["Account"]
    lends = {"kms:GrantIsForAWSResource": "true"}
    for label in ("images", "data"):
        key = seen.key(label)
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        own = [s for s in iam.statements(policy) if not str(s["Principal"].get("AWS", "")).endswith(":root")]

        def may(action: str, role: str, context: Mapping[str, str], own: list[Any] = own, key: str = key) -> bool:
            asked = iam.Request(action, key, f"arn:aws:iam::{account}:{role}", context)
            return iam.decide(asked, (), [{"Statement": own}]) is iam.Decision.ALLOWED

        role = f"{GROUPS}_{NAME}"
        needed = {"kms:Decrypt": {}, "kms:GenerateDataKeyWithoutPlaintext": {}, "kms:CreateGrant": lends}
        yield from (
            f"{role} may not {action} with the key {label}"
            for action in needed
            if not may(action, role, needed[action])
        )
        if may("kms:CreateGrant", role, {}):
            yield f"{role} may lend the key {label} to anybody"
        if may("kms:Decrypt", GROUPS, {}) or may("kms:CreateGrant", GROUPS, lends):
            yield f"the key {label}: any group of the account may use it"


def tags(seen: Applied) -> Iterator[str]:
    """What the inventory of EC2 finds hosts by: Product, and Role with one of the kinds it knows."""
    found = []
    running = [{"Name": "instance-state-name", "Values": ["running"]}]  # images were baked on others
    for reservation in seen.cloud.client("ec2").describe_instances(Filters=running)["Reservations"]:
        for instance in reservation["Instances"]:
            given = {one["Key"]: one["Value"] for one in instance.get("Tags", [])}
            found.append(given.get("Role", "none"))
            if given.get("Product") != "proforma-appliance":
                yield f"{given.get('Name', instance['InstanceId'])} has no tag Product"
    wanted = ["portal", "portal", "vpn", "vpn", "worker"] if seen.standard else ["portal-worker", "vpn"]
    if sorted(found) != wanted:
        yield f"roles of hosts are {sorted(found)}, not {wanted}"


PUBLISHED = {
    *("Errors", "BackupAgeHours", "ClockOffset", "DaysUntilFirstCertificateEnds", "DiskFreePercent", "MonthsLate"),
    *("TunnelsDown", "TunnelsUp", "WorkOverdue", "WorkStopped"),
    *("DocumentAlarm", "IntakeFailed", "VpnHeld"),
}
"""figures of proforma-ship (scripts/operations/ship) and of the functions (app/lambdas)"""


def alarms(seen: Applied) -> Iterator[str]:
    """Every alarm tells somebody, and waits for a figure that something of ours sends."""
    for alarm in seen.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]:
        if not alarm["AlarmActions"]:
            yield f"{alarm['AlarmName']} tells nobody"
        asked = set(re.findall(r"(?:MAX|MIN)\((\w+)\) FROM", json.dumps(alarm.get("Metrics", []))))
        stats = [alarm, *(m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m)]
        asked |= {one["MetricName"] for one in stats if one.get("Namespace") == "Proforma"}
        if unknown := asked - PUBLISHED:
            yield f"{alarm['AlarmName']} waits for {', '.join(sorted(unknown))}, which nobody sends"


def facts(seen: Applied) -> dict[str, str]:
    """What rehearse_lib.rights asks for, of AWS where it knows."""
    ec2, outputs = seen.cloud.client("ec2"), seen.outputs
    tables = ec2.describe_route_tables(Filters=_ours("tag"))["RouteTables"]
    behind = (t for t in tables if any(r.get("DestinationCidrBlock") == STAFF for r in t["Routes"]))
    address = ec2.describe_addresses(PublicIps=[outputs["service_address"]])["Addresses"][0]
    return {
        "name": NAME,
        "account": seen.cloud.client("sts").get_caller_identity()["Account"],
        "region": REGION,
        "documents_key": seen.key("documents"),
        "data_key": seen.key("data"),
        "app_secret": outputs["database"]["secrets"]["app"],
        "migration_secret": outputs["database"]["secrets"]["migration"],
        "backup_secret": outputs["database"]["secrets"]["backup"],
        "portal_configuration": next(
            arn for kind, arn in outputs["hosts"]["configurations"].items() if "portal" in kind
        ),
        "allocation": address["AllocationId"],
        "route_table": next(behind)["RouteTableId"],
        "standby": "b" if seen.standard else "",
        "pre_shared_key": "example-b" if seen.standard else "",
    }


def roles(seen: Applied) -> Iterator[str]:
    """Each role may what it must, and nothing of what it must not; the right service may take it, and nobody else."""
    may, trust = applied.roles(seen.cloud.client("iam"), NAME)
    known = facts(seen)
    yield from rights.missing(may, known)
    yield from rights.breaches(may, applied.buckets(seen.cloud.client("s3"), NAME), known)
    yield from rights.trust_breaches(trust, known)
    yield from rights.wide(may)


ALL: tuple[Callable[[Applied], Iterator[str]], ...] = (
    public_ports,
    outward_ports,
    endpoints,
    forwarding,
    encryption,
    instances,
    volumes,
    tags,
    playbooks,
    alarms,
    roles,
    *protections.ALL,
)


def faults(seen: Applied) -> list[str]:
    return [f"{check.__name__}: {fault}" for check in ALL for fault in check(seen)]


def left(cloud: Cloud) -> list[str]:
    """What a destroy has left behind, of the kinds that cost money or keep data."""
    ec2, found = cloud.client("ec2"), []
    found += [v["VpcId"] for v in ec2.describe_vpcs(Filters=_ours("tag"))["Vpcs"]]
    found += [a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]]
    found += [
        i["InstanceId"]
        for r in ec2.describe_instances()["Reservations"]
        for i in r["Instances"]
        if i["State"]["Name"] != "terminated"
    ]
    found += [c["DBClusterIdentifier"] for c in cloud.client("rds").describe_db_clusters()["DBClusters"]]
    found += [b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"]]
    found += cloud.client("sqs").list_queues().get("QueueUrls", [])
    found += [f["FunctionName"] for f in cloud.client("lambda").list_functions()["Functions"]]
    found += [r["RoleName"] for r in cloud.client("iam").list_roles()["Roles"] if r["RoleName"].startswith(NAME)]
    found += [a["AlarmName"] for a in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]]
    return found
