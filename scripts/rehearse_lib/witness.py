"""S3 -> SQS -> vault -> register: every document that the month made, and one that a stranger put over it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from scripts.gateway_lib.runtime_api import Function
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import REGION, Cloud

EAR = "rehearsal-hears-alarms"


def listens(cloud: Cloud) -> str:
    """A queue that hears the alarms' topic. From now on moto leaves the witness's messages in their queue: it would
    take them for the function, and not run it."""
    lambdas, sqs, sns = cloud.client("lambda"), cloud.client("sqs"), cloud.client("sns")
    for one in lambdas.list_event_source_mappings()["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=one["UUID"], Enabled=False)
    ear = str(sqs.create_queue(QueueName=EAR)["QueueUrl"])
    topic = next(t["TopicArn"] for t in sns.list_topics()["Topics"] if t["TopicArn"].endswith("-alarms"))
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn(EAR), Attributes=raw)
    return ear


def forgets(cloud: Cloud, ear: str) -> None:
    """What this module made is no more."""
    sns = cloud.client("sns")
    for one in sns.list_subscriptions()["Subscriptions"]:
        if one["Endpoint"] == _arn(EAR):
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    cloud.client("sqs").delete_queue(QueueUrl=ear)


def sees(cloud: Cloud, outputs: Mapping[str, Any], vault: Function, ear: str) -> None:
    """Raises RehearsalError when a document is missing in the register, or nobody is told of a forged one."""
    sqs, s3, documents = cloud.client("sqs"), cloud.client("s3"), outputs["buckets"]["documents"]
    queue = _queue_of(cloud, documents)
    stored = s3.list_objects_v2(Bucket=documents).get("Contents", [])
    if not stored:
        raise RehearsalError("The month has put no document into the bucket.")
    _pumped(sqs, queue, vault)
    if told := heard(sqs, ear):
        raise RehearsalError(f"The witness complains about documents that are as they were made: {told}")
    for one in stored:
        _sealed(s3, documents, one["Key"])
        _compare(s3, outputs["buckets"]["register"], documents, one["Key"])
    s3.put_object(Bucket=documents, Key=stored[0]["Key"], Body=b"forged")
    _pumped(sqs, queue, vault)
    told = heard(sqs, ear)
    if [(one["event"], one["key"]) for one in told] != [("document_alarm", stored[0]["Key"])]:
        raise RehearsalError(f"A forged document has to raise one alarm. It raised: {told}")


def heard(sqs: Any, ear: str) -> list[dict[str, Any]]:
    found = []
    while got := sqs.receive_message(QueueUrl=ear, MaxNumberOfMessages=10).get("Messages"):
        for one in got:
            sqs.delete_message(QueueUrl=ear, ReceiptHandle=one["ReceiptHandle"])
            found.append(json.loads(one["Body"]))
    return found


def _sealed(s3: Any, bucket: str, key: str) -> None:
    """With the key that the bucket was given, although whoever put it there named none."""
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    wanted = rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    found = s3.head_object(Bucket=bucket, Key=key)
    if (found.get("ServerSideEncryption"), found.get("SSEKMSKeyId")) != ("aws:kms", wanted):
        raise RehearsalError(f"{key} is not sealed with the key of {bucket}.")


def _compare(s3: Any, register: str, documents: str, key: str) -> None:
    version = s3.get_object(Bucket=documents, Key=key)
    try:
        entry = json.loads(
            s3.get_object(Bucket=register, Key=f"{documents}/{key}/{version['VersionId']}.json")["Body"].read()
        )
    except s3.exceptions.NoSuchKey:
        raise RehearsalError(f"The register has no entry of {key}.") from None
    if entry["sha256"] != hashlib.sha256(version["Body"].read()).hexdigest():
        raise RehearsalError(f"The register has another checksum of {key}.")


def _queue_of(cloud: Cloud, bucket: str) -> str:
    """The queue that the bucket's applied notification names."""
    (led,) = cloud.client("s3").get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    return str(cloud.client("sqs").get_queue_url(QueueName=led["QueueArn"].rsplit(":", 1)[-1])["QueueUrl"])


def _pumped(sqs: Any, queue: str, vault: Function) -> None:
    """As Lambda does it: a batch to the function, what it does not return is deleted."""
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages"):
        how, said = vault.invoke({"Records": [_record(one, arn) for one in got]})
        if how != "response" or said["batchItemFailures"]:
            raise RehearsalError(f"The witness could not work: {said}")
        for one in got:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])


def _record(one: Mapping[str, Any], arn: str) -> dict[str, Any]:
    return {
        "messageId": one["MessageId"],
        "receiptHandle": one["ReceiptHandle"],
        "body": one["Body"],
        "attributes": one["Attributes"],
        "messageAttributes": {},
        "md5OfBody": one["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    }


def _arn(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:123456789012:{queue}"
