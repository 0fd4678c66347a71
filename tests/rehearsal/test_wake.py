"""The way from a silent host's alarm to the backstop: a topic or a permission that is wrong is told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from scripts.rehearse_lib import moto, wake
from scripts.rehearse_lib.errors import RehearsalError

FUNCTION, HOST = "backstop", "i-0a1b2c3d4e5f60718"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[moto.Cloud]:
    with moto.running(tmp_path_factory.mktemp("moto") / "moto.log") as running:
        yield running


@pytest.fixture
def cloud(server: moto.Cloud) -> moto.Cloud:
    """A function, a topic that leads to it and may call it."""
    server.empty()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("handler.py", "")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    functions, sns = server.client("lambda"), server.client("sns")
    made = functions.create_function(
        FunctionName=FUNCTION, Runtime="python3.13", Role=role, Handler="handler.h", Code={"ZipFile": packed.getvalue()}
    )
    topic = sns.create_topic(Name="wake")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=made["FunctionArn"])
    allow(server, topic)
    return server


def allow(cloud: moto.Cloud, topic: str, name: str = "wakes") -> None:
    cloud.client("lambda").add_permission(
        FunctionName=FUNCTION,
        StatementId=name,
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )


def alarm(cloud: moto.Cloud, *topics: str) -> None:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="silent",
        AlarmDescription="a host says nothing",
        AlarmActions=list(topics),
        Namespace="Proforma",
        MetricName="TunnelsUp",
        Dimensions=[{"Name": "Host", "Value": HOST}],
        Statistic="SampleCount",
        Period=60,
        EvaluationPeriods=3,
        ComparisonOperator="LessThanThreshold",
        Threshold=1.0,
    )


def topic_of(cloud: moto.Cloud) -> str:
    return str(cloud.client("sns").list_topics()["Topics"][0]["TopicArn"])


def test_the_event_is_what_sns_makes_of_the_hosts_own_alarm(cloud: moto.Cloud) -> None:
    alarm(cloud, topic_of(cloud))
    with wake.applied(cloud, FUNCTION) as woken:
        event = woken.by_silence_of(HOST)
    (record,) = event["Records"]
    assert (record["EventSource"], record["Sns"]["TopicArn"]) == ("aws:sns", topic_of(cloud))
    told = json.loads(record["Sns"]["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == ("silent", "ALARM")


def test_nothing_of_it_is_left(cloud: moto.Cloud) -> None:
    with wake.applied(cloud, FUNCTION):
        pass
    listed = cloud.client("sns").list_subscriptions()["Subscriptions"]
    assert [one["Protocol"] for one in listed] == ["lambda"]
    attributes = cloud.client("sns").get_subscription_attributes(SubscriptionArn=listed[0]["SubscriptionArn"])
    assert json.loads(attributes["Attributes"].get("FilterPolicy", "{}")) == {}
    assert "QueueUrls" not in cloud.client("sqs").list_queues()


def test_an_alarm_that_does_not_wake_the_backstop_is_told(cloud: moto.Cloud) -> None:
    alarm(cloud, "arn:aws:sns:eu-central-1:123456789012:people")
    with wake.applied(cloud, FUNCTION) as woken, pytest.raises(RehearsalError, match=f"0 alarms .* when {HOST}"):
        woken.by_silence_of(HOST)


def test_a_function_that_no_topic_leads_to_is_told(cloud: moto.Cloud) -> None:
    sns = cloud.client("sns")
    sns.unsubscribe(SubscriptionArn=sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"])
    with pytest.raises(RehearsalError, match="0 topics lead"), wake.applied(cloud, FUNCTION):
        pass


def test_a_stranger_who_may_call_the_function_too_is_told(cloud: moto.Cloud) -> None:
    allow(cloud, "arn:aws:sns:eu-central-1:999999999999:stranger", "stranger")
    with pytest.raises(RehearsalError, match="not by its topic alone"), wake.applied(cloud, FUNCTION):
        pass
