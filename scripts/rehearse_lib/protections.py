"""What protects data in what was applied: keys, locks, TLS, and who reaches the private API. Groups of assertions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.rehearse_lib import applied, iam
from scripts.rehearse_lib.environments import NAME
from scripts.rehearse_lib.seen import Applied

SITE = Path(__file__).parents[2] / "strongswan/sites/example-a.yml"
SEALED = {"documents": "documents", "register": "documents", "inbox": "data", "artifacts": "data"}
"""bucket -> key"""
LOCKED = ("documents", "register")
ALL_MAY: iam.Document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DOOR = "execute-api:/v1/POST/inbox/acknowledgements/example-a"


def keys(seen: Applied) -> Iterator[str]:
    """Each bucket and each queue is encrypted by default with the key of the installation that is meant for it."""
    s3, sqs = seen.cloud.client("s3"), seen.cloud.client("sqs")
    for noun, label in SEALED.items():
        told = s3.get_bucket_encryption(Bucket=seen.outputs["buckets"][noun])["ServerSideEncryptionConfiguration"]
        rule = told["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        if (rule["SSEAlgorithm"], rule.get("KMSMasterKeyID")) != ("aws:kms", seen.key(label)):
            yield f"the bucket {noun} is encrypted with {rule}, and not with the key {label}"
    for label, queue in seen.outputs["queues"].items():
        got = sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["All"])["Attributes"]
        if got.get("KmsMasterKeyId") != seen.key("data"):
            yield f"the queue {label} is not encrypted with the key data"


def locks(seen: Applied) -> Iterator[str]:
    """What was issued is locked in governance mode, for as long as the bucket's policy lets anybody lock it at all."""
    s3 = seen.cloud.client("s3")
    documents = applied.buckets(s3, NAME)[f"arn:aws:s3:::{seen.outputs['buckets']['documents']}"]
    longest = {
        int(value)
        for statement in iam.statements(documents)
        for value in iam.many(
            statement.get("Condition", {})
            .get("NumericGreaterThan", {})
            .get("s3:object-lock-remaining-retention-days", [])
        )
    }
    for noun in LOCKED:
        told = s3.get_object_lock_configuration(Bucket=seen.outputs["buckets"][noun])["ObjectLockConfiguration"]
        lock = told.get("Rule", {}).get("DefaultRetention", {})
        if lock.get("Mode") != "GOVERNANCE" or {lock.get("Days")} != longest:
            yield f"the bucket {noun} is locked by {lock}, and the retention is {sorted(longest)} days"


def tls(seen: Applied) -> Iterator[str]:
    """Whoever may do anything is refused by each bucket and queue without TLS, and not refused to read with it."""
    sqs = seen.cloud.client("sqs")
    held = dict(applied.buckets(seen.cloud.client("s3"), NAME))
    ours = {f"arn:aws:s3:::{name}" for noun, name in seen.outputs["buckets"].items() if noun in SEALED}
    asked = {arn: ("s3:GetObject", f"{arn}/thing") for arn in ours}
    for queue in seen.outputs["queues"].values():
        got = sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=["Policy"]).get("Attributes", {})
        held[queue["arn"]] = json.loads(got.get("Policy") or "{}")
        asked[queue["arn"]] = ("sqs:ReceiveMessage", queue["arn"])
    for arn, (action, thing) in sorted(asked.items()):
        for secure in ("true", "false"):
            request = iam.Request(action, thing, f"arn:aws:iam::123456789012:role/{NAME}-portal", _over(secure))
            refused = iam.decide(request, [ALL_MAY], [held.get(arn, {})]) is iam.Decision.DENIED
            if refused is (secure == "true"):
                yield f"{arn}: {action} is " + ("refused with TLS" if refused else "not refused without TLS")


def _over(secure: str) -> dict[str, str]:
    return {"aws:SecureTransport": secure}


def api(seen: Applied) -> Iterator[str]:
    """Through our endpoint, from a customer's network, to the one path: and in no other way.

    moto does not keep a policy that comes in an API's body, so it is that of the body which was sent.
    """
    policy: iam.Document = json.loads(seen.api_body)["x-amazon-apigateway-policy"]
    found = re.search(r"-(vpce-[0-9a-f]+)\.", seen.outputs["private_api"]["url"])
    ours = found[1] if found else ""
    (customer,) = _senders(yaml.safe_load(SITE.read_text()))
    ways = {
        "a customer": (DOOR, customer, ours, iam.Decision.ALLOWED),
        "a stranger": (DOOR, "192.0.2.1", ours, iam.Decision.NOTHING),
        "a customer through another endpoint": (DOOR, customer, "vpce-00000000000000000", iam.Decision.DENIED),
        "a customer by GET": (DOOR.replace("POST", "GET"), customer, ours, iam.Decision.NOTHING),
        "a customer on another path": (DOOR.replace("/inbox/", "/admin/"), customer, ours, iam.Decision.NOTHING),
    }
    for who, (thing, source, endpoint, wanted) in ways.items():
        context = {"aws:VpcSourceIp": source, "aws:SourceVpce": endpoint}
        got = iam.decide(iam.Request("execute-api:Invoke", thing, "*", context), (), [policy])
        if got is not wanted:
            yield f"the private API says of {who}: {got.value}, and not: {wanted.value}"
    logs = seen.cloud.client("apigateway").get_account().get("cloudwatchRoleArn") or ""
    if f"role/api-gateway-logs-{NAME}" not in logs:
        yield "API Gateway has no role to write logs by: AWS refuses a stage with access logs then"


def _senders(site: Mapping[str, Any]) -> set[str]:
    """First addresses of the networks that may send to the intake."""
    passes = (one for one in site["passes"] if one["direction"] == "in" and one["ours"] == "intake")
    return {one["theirs"].partition("/")[0] for one in passes}


ALL = (keys, locks, tls, api)
