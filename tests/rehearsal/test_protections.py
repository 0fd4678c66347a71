"""Keys, locks, TLS and the private API: what is wrong would be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.rehearse_lib import moto, protections
from scripts.rehearse_lib.environments import NAME
from scripts.rehearse_lib.seen import Applied

pytestmark = pytest.mark.slow

ENDPOINT = "vpce-0123456789abcdef0"
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}
CUSTOMER = {"IpAddress": {"aws:VpcSourceIp": ["10.20.30.0/24"]}}
ALLOW = OPEN | {"Resource": "execute-api:/v1/POST/inbox/*", "Condition": CUSTOMER}
OTHER_WAY = {"StringNotEquals": {"aws:SourceVpce": ENDPOINT}}
DENY = OPEN | {"Effect": "Deny", "Resource": "execute-api:/*", "Condition": OTHER_WAY}
TLS = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[moto.Cloud]:
    with moto.running(tmp_path_factory.mktemp("moto") / "moto.log") as running:
        yield running


@pytest.fixture
def seen(cloud: moto.Cloud) -> Applied:
    """Buckets, a queue, keys and an account as they should be."""
    cloud.empty()
    kms, s3, sqs = cloud.client("kms"), cloud.client("s3"), cloud.client("sqs")
    for label in ("data", "documents"):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{NAME}-{label}", TargetKeyId=key)
    buckets = {noun: f"{NAME}-{noun}-1" for noun in protections.SEALED}
    url = sqs.create_queue(QueueName=f"{NAME}-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    outputs = {"buckets": buckets, "queues": {"events": {"url": url, "arn": arn}}}
    outputs |= {"private_api": {"url": f"https://abc-{ENDPOINT}.execute-api.eu-central-1.amazonaws.com/v1/inbox"}}
    made = Applied(cloud, outputs, "small", body(ALLOW, DENY))
    for noun, name in buckets.items():
        locked = noun in protections.LOCKED
        place = {"LocationConstraint": moto.REGION}
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked, CreateBucketConfiguration=place)
        sealed(made, noun, {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": made.key(protections.SEALED[noun])})
        secure(made, noun, TLS)
        if locked:
            lock(made, noun, 3650)
    queue(made, TLS)
    cloud.client("apigateway").update_account(
        patchOperations=[
            {
                "op": "replace",
                "path": "/cloudwatchRoleArn",
                "value": f"arn:aws:iam::123456789012:role/api-gateway-logs-{NAME}",
            }
        ]
    )
    return made


def body(*statements: dict[str, Any]) -> str:
    return json.dumps({"x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": statements}})


def sealed(seen: Applied, noun: str, how: dict[str, str]) -> None:
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": how}]}
    name = seen.outputs["buckets"][noun]
    seen.cloud.client("s3").put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=rules)


def lock(seen: Applied, noun: str, days: int, mode: str = "GOVERNANCE") -> None:
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": mode, "Days": days}}}
    name = seen.outputs["buckets"][noun]
    seen.cloud.client("s3").put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=rule)


def secure(seen: Applied, noun: str, condition: dict[str, Any]) -> None:
    arn = f"arn:aws:s3:::{seen.outputs['buckets'][noun]}"
    longer = {"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "3650"}}
    deny = {"Effect": "Deny", "Principal": "*", "Resource": [arn, f"{arn}/*"]}
    statements = [deny | {"Action": "s3:*", "Condition": condition}]
    statements += [deny | {"Action": "s3:PutObjectRetention", "Condition": longer}] * (noun == "documents")
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    seen.cloud.client("s3").put_bucket_policy(Bucket=seen.outputs["buckets"][noun], Policy=text)


def queue(seen: Applied, condition: dict[str, Any]) -> None:
    one = seen.outputs["queues"]["events"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": one["arn"], "Condition": condition}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    given = {"Policy": text, "KmsMasterKeyId": seen.key("data")}
    seen.cloud.client("sqs").set_queue_attributes(QueueUrl=one["url"], Attributes=given)


def told(seen: Applied) -> list[str]:
    return [fault for check in protections.ALL for fault in check(seen)]


def test_what_is_as_it_should_be_is_not_told(seen: Applied) -> None:
    assert told(seen) == []


def test_a_bucket_with_another_key_is_told_and_one_with_amazons(seen: Applied) -> None:
    sealed(seen, "documents", {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": seen.key("data")})
    sealed(seen, "inbox", {"SSEAlgorithm": "AES256"})
    assert [one.split(" is encrypted")[0] for one in told(seen)] == ["the bucket documents", "the bucket inbox"]


@pytest.mark.parametrize(("days", "mode"), [(3649, "GOVERNANCE"), (3651, "GOVERNANCE"), (3650, "COMPLIANCE")])
def test_a_lock_that_is_not_the_retention_is_told(seen: Applied, days: int, mode: str) -> None:
    lock(seen, "register", days, mode)
    assert len(told(seen)) == 1
    assert "the bucket register is locked by" in told(seen)[0]


def test_a_way_without_tls_is_told_and_a_refusal_of_everything(seen: Applied) -> None:
    secure(seen, "artifacts", {"Bool": {"aws:SecureTransport": "never"}})
    queue(seen, {"Bool": {"aws:SecureTransport": "true"}})
    assert {one.split(": ")[1] for one in told(seen)} == {
        "s3:GetObject is not refused without TLS",
        "sqs:ReceiveMessage is refused with TLS",
        "sqs:ReceiveMessage is not refused without TLS",
    }


@pytest.mark.parametrize(
    ("statements", "who"),
    [
        ((ALLOW,), "a customer through another endpoint"),
        ((OPEN | {"Resource": "execute-api:/v1/POST/inbox/*"}, DENY), "a stranger"),
        ((ALLOW | {"Resource": "execute-api:/v1/*/inbox/*"}, DENY), "a customer by GET"),
        ((ALLOW | {"Resource": "execute-api:/v1/POST/*"}, DENY), "a customer on another path"),
        ((DENY,), "a customer"),
    ],
)
def test_an_api_that_lets_in_others_or_not_the_customer_is_told(
    seen: Applied, statements: tuple[dict[str, Any], ...], who: str
) -> None:
    found = list(protections.api(Applied(seen.cloud, seen.outputs, "small", body(*statements))))
    assert [one.split(": ")[0] for one in found] == [f"the private API says of {who}"]


def test_an_account_in_which_api_gateway_may_write_no_log_is_told(seen: Applied) -> None:
    gone = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
    seen.cloud.client("apigateway").update_account(patchOperations=gone)
    assert "no role to write logs by" in told(seen)[0]
