"""Alarm -> SNS -> function: the way by which a silent VPN host wakes the backstop, as it was applied.

moto runs neither actions of alarms nor functions of subscriptions: the message of an applied alarm is put on the
applied topic, and what SNS makes of it is taken from a queue and handed on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import REGION, Cloud

EAR = "rehearsal-hears-wakes"
NOBODY = json.dumps({"rehearsal": ["nobody"]})
"""a filter that no message passes: moto would run the function in a container, which is not there"""


@dataclass(frozen=True, slots=True)
class Wake:
    """`ear`: a queue that hears the topic."""

    cloud: Cloud
    topic: str
    subscription: str
    ear: str

    def by_silence_of(self, instance: str) -> dict[str, Any]:
        """The event that Lambda would get when that host's own alarm begins. Raises RehearsalError without one."""
        sqs = self.cloud.client("sqs")
        self.cloud.client("sns").publish(TopicArn=self.topic, Message=json.dumps(_told(self._alarm(instance))))
        (one,) = sqs.receive_message(QueueUrl=self.ear)["Messages"]
        sqs.delete_message(QueueUrl=self.ear, ReceiptHandle=one["ReceiptHandle"])
        record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": self.subscription}
        return {"Records": [record | {"Sns": json.loads(one["Body"])}]}

    def _alarm(self, instance: str) -> dict[str, Any]:
        listed = self.cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
        own = [one for one in listed if {"Name": "Host", "Value": instance} in one.get("Dimensions", [])]
        found: list[dict[str, Any]] = [one for one in own if self.topic in one["AlarmActions"]]
        if len(found) != 1:
            raise RehearsalError(f"{len(found)} alarms wake the backstop when {instance} is silent, and not one.")
        return found[0]


@contextmanager
def applied(cloud: Cloud, function: str) -> Iterator[Wake]:
    """Raises RehearsalError when no topic leads to the function, or that topic may not call it."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    arn = cloud.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"]
    led = [one for one in sns.list_subscriptions()["Subscriptions"] if one["Endpoint"] == arn]
    if len(led) != 1:
        raise RehearsalError(f"{len(led)} topics lead to {function}, and not one.")
    topic, subscription = led[0]["TopicArn"], led[0]["SubscriptionArn"]
    _may_call(cloud, function, topic)
    filtered = {"SubscriptionArn": subscription, "AttributeName": "FilterPolicy"}
    sns.set_subscription_attributes(**filtered, AttributeValue=NOBODY)
    ear = str(sqs.create_queue(QueueName=EAR)["QueueUrl"])
    account = topic.split(":")[4]
    heard = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{account}:{EAR}")
    try:
        yield Wake(cloud, topic, subscription, ear)
    finally:
        sns.unsubscribe(SubscriptionArn=heard["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=ear)
        sns.set_subscription_attributes(**filtered, AttributeValue="{}")


def _may_call(cloud: Cloud, function: str, topic: str) -> None:
    policy = json.loads(cloud.client("lambda").get_policy(FunctionName=function)["Policy"])
    callers = [
        (one["Principal"], one.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"))
        for one in policy["Statement"]
    ]
    if callers != [({"Service": "sns.amazonaws.com"}, topic)]:
        raise RehearsalError(f"{function} may be called by {callers}, and not by its topic alone.")


def _told(alarm: dict[str, Any]) -> dict[str, Any]:
    """As CloudWatch writes it."""
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm["AlarmDescription"],
        "AlarmArn": alarm["AlarmArn"],
        "AWSAccountId": alarm["AlarmArn"].split(":")[4],
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: no datapoints were received for 3 periods.",
        "OldStateValue": "OK",
        "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
    }
