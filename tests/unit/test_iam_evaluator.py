"""The evaluator of IAM policies, against what IAM's user guide says of its own evaluation."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.rehearse_lib import rights
from scripts.rehearse_lib.iam import Decision, Request, UnknownElementError, decide, trusts

BUCKET = "arn:aws:s3:::documents"


def policy(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"} | statement]}


def asked(action: str = "s3:GetObject", resource: str = f"{BUCKET}/a", **context: str) -> Request:
    keys = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
    return Request(action, resource, "arn:aws:iam::123456789012:role/worker", keys)


def test_nothing_is_allowed_that_nobody_allows() -> None:
    assert decide(asked(), []) is Decision.NOTHING


def test_a_refusal_wins_whatever_allows() -> None:
    refusal = policy(Effect="Deny", Action="s3:Get*")
    assert decide(asked(), [policy(), refusal]) is Decision.DENIED
    assert decide(asked(), [policy()], [refusal | {"Statement": [refusal["Statement"][0] | {"Principal": "*"}]}]) is (
        Decision.DENIED
    )


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("s3:*", "s3-outposts:GetObject", False),
    ],
)
def test_actions_have_wildcards_and_no_case(pattern: str, action: str, fits: bool) -> None:
    assert (decide(asked(action), [policy(Action=pattern)]) is Decision.ALLOWED) is fits


def test_resources_have_wildcards_and_case() -> None:
    assert decide(asked(), [policy(Resource=f"{BUCKET}/*")]) is Decision.ALLOWED
    assert decide(asked(), [policy(Resource=BUCKET)]) is Decision.NOTHING
    assert decide(asked(resource=f"{BUCKET.upper()}/a"), [policy(Resource=f"{BUCKET}/*")]) is Decision.NOTHING


def test_brackets_are_letters() -> None:
    assert decide(asked(resource=f"{BUCKET}/[a]"), [policy(Resource=f"{BUCKET}/[a]")]) is Decision.ALLOWED
    assert decide(asked(), [policy(Resource=f"{BUCKET}/[a]")]) is Decision.NOTHING


def test_what_is_not_named_by_not_action_applies() -> None:
    statement = {"Sid": "x", "Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}
    assert decide(asked(), [{"Statement": statement}]) is Decision.ALLOWED
    assert decide(asked("iam:PassRole"), [{"Statement": statement}]) is Decision.NOTHING


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"kms:ViaService": ["s3", "sqs"]}}, {"kms__viaservice": "sqs"}, True),
        ({"StringEquals": {"kms:ViaService": "s3"}}, {}, False),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, {}, True),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, {"aws__SourceVpce": "vpce-1"}, False),
        ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, {}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws__SecureTransport": "false"}, True),
        ({"IpAddress": {"aws:VpcSourceIp": ["10.20.30.0/24"]}}, {"aws__VpcSourceIp": "10.20.30.40"}, True),
        ({"IpAddress": {"aws:VpcSourceIp": ["10.20.30.0/24"]}}, {"aws__VpcSourceIp": "10.20.31.40"}, False),
        ({"NumericGreaterThan": {"s3:days": "3650"}}, {"s3__days": "3651"}, True),
        ({"NumericGreaterThan": {"s3:days": "3650"}}, {}, False),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/worker"}}, {}, False),
        ({"Null": {"aws:SourceVpce": "true"}}, {}, True),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, str], holds: bool) -> None:
    assert (decide(asked(**context), [policy(Condition=condition)]) is Decision.ALLOWED) is holds


def test_all_conditions_must_hold() -> None:
    both = {"StringEquals": {"a:b": "1"}, "Bool": {"aws:SecureTransport": "true"}}
    assert decide(asked(a__b="1"), [policy(Condition=both)]) is Decision.ALLOWED
    assert decide(asked(a__b="2"), [policy(Condition=both)]) is Decision.NOTHING


@pytest.mark.parametrize(
    "bad", [{"Condition": {"DateLessThan": {"aws:CurrentTime": "x"}}}, {"Effect": "Maybe"}, {"Foo": 1}]
)
def test_what_it_does_not_know_it_does_not_judge(bad: dict[str, Any]) -> None:
    with pytest.raises(UnknownElementError):
        decide(asked(), [policy(**bad)])


def test_trust_is_of_the_named_service_alone() -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]
    }
    assert trusts(trust, "ec2.amazonaws.com")
    assert not trusts(trust, "lambda.amazonaws.com")
    assert not trusts(trust, "arn:aws:iam::999999999999:role/stranger")


def test_an_account_as_principal_is_everybody_in_it() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    }
    assert decide(asked(), [], [{"Statement": [statement]}]) is Decision.ALLOWED


FACTS = {
    "name": "proforma",
    "account": "123456789012",
    "region": "eu-central-1",
    "documents_key": "arn:aws:kms:x",
    "data_key": "arn:aws:kms:y",
} | {
    "app_secret": "arn:aws:secret:a",
    "migration_secret": "arn:aws:secret:m",
    "backup_secret": "arn:aws:secret:b",
    "portal_configuration": "arn:aws:secret:c",
}


def test_a_role_that_may_everything_breaches_all_that_must_not_be() -> None:
    found = list(rights.breaches({"worker": [policy()]}, {}, FACTS))
    assert len(found) == sum(1 for one in rights.EXPECTATIONS if one.role == "worker" and not one.may)


def test_a_role_that_may_nothing_lacks_all_that_must_be() -> None:
    found = list(rights.breaches({"intake": []}, {}, FACTS))
    assert len(found) == sum(1 for one in rights.EXPECTATIONS if one.role == "intake" and one.may)


def test_the_buckets_own_refusal_counts() -> None:
    refusal = policy(
        Effect="Deny", Principal="*", Action="s3:PutObject", Resource="arn:aws:s3:::proforma-register-123456789012/*"
    )
    found = list(
        rights.breaches({"vault": [policy()]}, {"arn:aws:s3:::proforma-register-123456789012": refusal}, FACTS)
    )
    assert any("must be able to s3:PutObject" in one for one in found)


def test_permissions_without_bounds_are_told() -> None:
    assert len(list(rights.wide({"worker": [policy()]}))) == 2
    assert not list(rights.wide({"worker": [policy(Action="s3:GetObject", Resource=f"{BUCKET}/*")]}))
