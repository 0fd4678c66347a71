"""What a rehearsal looks at would be seen, were it wrong: faults put into moto by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.rehearse_lib import assertions, moto, transfer
from scripts.rehearse_lib.environments import NAME
from scripts.rehearse_lib.seen import Applied

pytestmark = pytest.mark.slow

OURS = [{"Key": "Installation", "Value": NAME}, {"Key": "Product", "Value": "proforma-appliance"}]
WORLD = [{"CidrIp": "0.0.0.0/0"}]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[moto.Cloud]:
    with moto.running(tmp_path_factory.mktemp("moto") / "moto.log") as running:
        yield running


@pytest.fixture
def seen(cloud: moto.Cloud) -> Applied:
    """An empty account."""
    cloud.empty()
    return Applied(cloud, {}, "small")


def group(seen: Applied, name: str) -> Any:
    """A security group of the installation that lets nothing out."""
    ec2 = seen.cloud.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    tags = [{"ResourceType": "security-group", "Tags": OURS}]
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc, TagSpecifications=tags)["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": WORLD}]
    ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
    return made


def permission(protocol: str, port: int) -> list[dict[str, Any]]:
    return [{"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": WORLD}]


def test_ike_is_open_to_the_world_on_vpn_hosts_alone(seen: Applied) -> None:
    for name in ("vpn", "portal"):
        made = group(seen, f"{NAME}-{name}")
        seen.cloud.client("ec2").authorize_security_group_ingress(GroupId=made, IpPermissions=permission("udp", 500))
    assert [fault.split()[0] for fault in assertions.public_ports(seen)] == [f"{NAME}-portal"]


def test_a_port_for_ssh_is_told(seen: Applied) -> None:
    made = group(seen, f"{NAME}-vpn")
    seen.cloud.client("ec2").authorize_security_group_ingress(GroupId=made, IpPermissions=permission("tcp", 22))
    assert "open to the world on ('tcp', 22, 22)" in next(assertions.public_ports(seen))


def test_a_way_out_to_everywhere_is_told(seen: Applied) -> None:
    made = group(seen, f"{NAME}-worker")
    seen.cloud.client("ec2").authorize_security_group_egress(GroupId=made, IpPermissions=permission("tcp", 443))
    assert "worker may send to the world" in next(assertions.outward_ports(seen))


def test_a_vpn_host_that_no_file_of_a_playbook_would_reach_is_told(seen: Applied) -> None:
    """Its files come from S3, by an endpoint that only portal and workers once had."""
    ec2, s3 = seen.cloud.client("ec2"), seen.cloud.client("s3")
    image = ec2.register_image(Name="another", Architecture="x86_64")["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [*OURS, {"Key": "Role", "Value": "vpn"}]}]
    (host,) = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags)["Instances"]
    group(seen, f"{NAME}-vpn")
    where = {"CreateBucketConfiguration": {"LocationConstraint": moto.REGION}}
    s3.create_bucket(Bucket="open", **where)
    kept = [{"ID": "one", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 30}}]
    s3.put_bucket_lifecycle_configuration(Bucket="open", LifecycleConfiguration={"Rules": kept})
    s3.put_bucket_versioning(Bucket="open", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket="open", Policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    assert list(transfer.faults(seen.cloud, {"transfer": "open"})) == [
        f"no route from vpn {host['InstanceId']} to S3",
        f"{NAME}-vpn may not ask S3",
        "what a broken play leaves in open stays longer than a day",
        "open keeps versions of what was deleted",
        "open may be asked without TLS",
    ]
    assert list(transfer.faults(seen.cloud, {}))[-1] == "no bucket is there for the files"


def test_groups_that_could_not_start_a_host_are_told(seen: Applied) -> None:
    """A key's default policy leaves all to IAM, and Auto Scaling's role can be given no rights there."""
    kms = seen.cloud.client("kms")
    for label in ("images", "data"):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{NAME}-{label}", TargetKeyId=key)
    told = list(assertions.volumes(seen))
    assert len(told) == 2 * len(("decrypt", "data key", "grant"))
    assert all("may not kms:" in one and "AutoScaling_proforma" in one for one in told)


def test_a_key_that_every_group_of_the_account_may_use_is_told(seen: Applied) -> None:
    kms = seen.cloud.client("kms")
    account = seen.cloud.client("sts").get_caller_identity()["Account"]
    everyone = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": account}}
    for label in ("images", "data"):
        key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
        kms.create_alias(AliasName=f"alias/{NAME}-{label}", TargetKeyId=key["KeyMetadata"]["KeyId"])
    told = "\n".join(assertions.volumes(seen))
    assert "may lend the key data to anybody" in told
    assert "the key images: any group of the account may use it" in told


def test_a_host_that_the_inventory_would_not_find_is_told(seen: Applied) -> None:
    ec2 = seen.cloud.client("ec2")
    image = ec2.register_image(Name="any", Architecture="x86_64")["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    found = list(assertions.tags(seen))
    assert "has no tag Product" in found[0]
    assert "roles of hosts are ['none'], not ['portal-worker', 'vpn']" in found[1]


def test_an_alarm_that_waits_for_what_nobody_sends_is_told_and_one_that_tells_nobody(seen: Applied) -> None:
    watch = seen.cloud.client("cloudwatch")
    known = {"EvaluationPeriods": 1, "ComparisonOperator": "LessThanThreshold", "Threshold": 1.0}
    one = {"Namespace": "Proforma", "MetricName": "VpnTunnels", "Statistic": "Maximum", "Period": 60}
    watch.put_metric_alarm(
        AlarmName="tunnels", AlarmActions=["arn:aws:sns:eu-central-1:123456789012:a"], **one, **known
    )
    query = {
        "Id": "q",
        "Expression": 'SELECT MAX(Load) FROM SCHEMA("Proforma", Host)',
        "Period": 60,
        "ReturnData": True,
    }
    watch.put_metric_alarm(AlarmName="load", Metrics=[query], **known)
    assert list(assertions.alarms(seen)) == [
        "tunnels waits for VpnTunnels, which nobody sends",
        "load tells nobody",
        "load waits for Load, which nobody sends",
    ]


def test_what_a_destroy_leaves_behind_is_told(seen: Applied) -> None:
    before = assertions.left(seen.cloud)
    seen.cloud.client("sqs").create_queue(QueueName="left")
    seen.cloud.client("ec2").allocate_address(Domain="vpc")
    assert before == []
    assert len(assertions.left(seen.cloud)) == 2
