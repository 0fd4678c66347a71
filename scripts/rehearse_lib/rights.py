"""What each role must be able to do and what it must not: data, judged by rehearse_lib.iam."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.rehearse_lib import iam


@dataclass(frozen=True, slots=True)
class Expectation:
    """`resource`: an ARN with {name}, {account} and {region}. `through`: kms:ViaService."""

    role: str
    action: str
    resource: str
    may: bool
    through: str = ""
    context: tuple[tuple[str, str], ...] = ()


_S3 = "arn:aws:s3:::{name}-%s-{account}"
_QUEUE = "arn:aws:sqs:{region}:{account}:{name}-%s"
_SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:{name}/%s-AbCdEf"  # noqa: S105  a pattern of a name
_PARAMETER = "arn:aws:ssm:{region}:{account}:parameter/{name}/portal/%s"
_DOCUMENT = _S3 % "documents" + "/PF-1/aa/PF-1.pdf"
_ENTRY = _S3 % "register" + "/documents/PF-1.json"
_RELEASE = _S3 % "artifacts" + "/proforma-1.4.0.tar"
_OURS = (("cloudwatch:namespace", "Proforma"),)
_ANY = "arn:aws:iam::{account}:role/{name}-portal"

_MAY = (
    ("portal", "s3:GetObject", _DOCUMENT),
    ("portal", "s3:GetObject", _RELEASE),
    ("portal", "secretsmanager:GetSecretValue", "{migration_secret}"),
    ("portal", "ssm:GetParameter", _PARAMETER % "release"),
    ("portal", "sqs:SendMessage", _QUEUE % "celery"),
    ("worker", "s3:PutObject", _DOCUMENT),
    ("worker", "s3:GetObject", _S3 % "inbox" + "/acknowledgements/acme/aa"),
    ("worker", "sqs:ReceiveMessage", _QUEUE % "events"),
    ("worker", "sqs:DeleteMessage", _QUEUE % "celery"),
    ("worker", "secretsmanager:GetSecretValue", "{app_secret}"),
    ("vault", "s3:PutObject", _ENTRY),
    ("vault", "s3:GetObjectRetention", _DOCUMENT),
    ("intake", "s3:PutObject", _S3 % "inbox" + "/acknowledgements/acme/aa"),
    ("intake", "s3:GetObject", _S3 % "inbox" + "/told/acknowledgements/acme/aa"),
    ("intake", "sqs:SendMessage", _QUEUE % "events"),
    ("intake", "secretsmanager:GetSecretValue", _SECRET % "intake/acme"),
    ("schedule", "sqs:SendMessage", _QUEUE % "events"),
    ("release", "s3:PutObject", _RELEASE),
    ("release", "ssm:PutParameter", _PARAMETER % "release"),
)

_MUST_NOT = (
    # who runs the portal cannot rewrite what the witness noted, nor what was issued
    ("portal", "s3:PutObject", _ENTRY),
    ("worker", "s3:PutObject", _ENTRY),
    ("worker", "s3:DeleteObject", _DOCUMENT),
    ("worker", "s3:DeleteObjectVersion", _DOCUMENT),
    ("worker", "s3:PutObjectRetention", _DOCUMENT),
    ("worker", "s3:BypassGovernanceRetention", _DOCUMENT),
    ("portal", "s3:DeleteObjectVersion", _DOCUMENT),
    # nor bring a release or point to another one
    ("portal", "s3:PutObject", _RELEASE),
    ("worker", "s3:PutObject", _RELEASE),
    ("portal", "ssm:PutParameter", _PARAMETER % "release"),
    ("worker", "ssm:PutParameter", _PARAMETER % "release"),
    # workers are not the owner of the database, and nobody's host reads how customers prove themselves
    ("worker", "secretsmanager:GetSecretValue", "{migration_secret}"),
    ("portal", "secretsmanager:GetSecretValue", _SECRET % "intake/acme"),
    ("worker", "secretsmanager:GetSecretValue", _SECRET % "intake/acme"),
    # the witness neither changes documents nor takes an entry back
    ("vault", "s3:PutObject", _DOCUMENT),
    ("vault", "s3:DeleteObject", _ENTRY),
    ("vault", "s3:DeleteObjectVersion", _ENTRY),
    # the door brings things in and reads nothing out
    ("intake", "s3:GetObject", _S3 % "inbox" + "/acknowledgements/acme/aa"),
    ("intake", "s3:GetObject", _DOCUMENT),
    ("intake", "sqs:ReceiveMessage", _QUEUE % "events"),
    ("intake", "secretsmanager:GetSecretValue", "{app_secret}"),
    ("schedule", "sqs:SendMessage", _QUEUE % "celery"),
    ("schedule", "sqs:ReceiveMessage", _QUEUE % "events"),
    # releases are brought, and nothing else is done by that role
    ("release", "s3:GetObject", _DOCUMENT),
    ("release", "secretsmanager:GetSecretValue", "{app_secret}"),
    *((role, "iam:PassRole", _ANY) for role in ("portal", "worker", "vault", "intake", "schedule", "release")),
    *((role, "sts:AssumeRole", _ANY) for role in ("portal", "worker", "vault", "intake", "schedule", "release")),
)

EXPECTATIONS = (
    *(Expectation(*one, may=True) for one in _MAY),
    *(Expectation(*one, may=False) for one in _MUST_NOT),
    Expectation("portal", "cloudwatch:PutMetricData", "*", True, context=_OURS),
    Expectation("portal", "cloudwatch:PutMetricData", "*", False, context=(("cloudwatch:namespace", "AWS/EC2"),)),
    Expectation("worker", "kms:Decrypt", "{documents_key}", True, through="s3"),
    Expectation("worker", "kms:Decrypt", "{documents_key}", False),
    Expectation("intake", "kms:Decrypt", "{documents_key}", False, through="s3"),
    Expectation("schedule", "kms:Decrypt", "{documents_key}", False, through="s3"),
)

SERVICES = {
    "portal": "ec2.amazonaws.com",
    "worker": "ec2.amazonaws.com",
    "vault": "lambda.amazonaws.com",
    "intake": "lambda.amazonaws.com",
    "schedule": "scheduler.amazonaws.com",
}
"""who may take a role: this service, and nobody else"""


def breaches(
    identity: Mapping[str, list[iam.Document]], resources: Mapping[str, iam.Document], facts: Mapping[str, str]
) -> Iterator[str]:
    """What is not as expected, a sentence each. Raises iam.UnknownElementError.

    `identity`: policies by role; `resources`: bucket or queue policies by ARN; `facts`: name, account, region, the ARNs
    documents_key, app_secret and migration_secret. Roles that `identity` lacks (no private API, nobody who brings
    releases) are passed over: the caller says which there must be.
    """
    for expected in EXPECTATIONS:
        if expected.role not in identity:
            continue
        asked = _request(expected, facts)
        speaks = [policy for arn, policy in resources.items() if asked.resource.split("/")[0] == arn]
        found = iam.decide(asked, identity[expected.role], speaks)
        if (found is iam.Decision.ALLOWED) is not expected.may:
            wish = "must be able to" if expected.may else "must not be able to"
            yield f"{expected.role} {wish} {expected.action} on {asked.resource}: {found.value}"


def trust_breaches(trust: Mapping[str, iam.Document], facts: Mapping[str, str]) -> Iterator[str]:
    """Roles that the wrong ones may take, or the right ones may not."""
    for role, document in trust.items():
        if role not in {*SERVICES, "release"}:
            continue
        context = {
            "aws:SourceAccount": facts["account"],
            "aws:SourceArn": f"arn:aws:scheduler:{facts['region']}:{facts['account']}:schedule-group/{facts['name']}",
        }
        for service in sorted(set(SERVICES.values())):
            if iam.trusts(document, service, context) is not (SERVICES.get(role) == service):
                yield f"{service} and the role {role}: not as it should be"
        if iam.trusts(document, "arn:aws:iam::999999999999:role/stranger", context):
            yield f"a stranger's account may take the role {role}"


def wide(documents: Mapping[str, list[iam.Document]]) -> Iterator[str]:
    """Permissions without bounds: every action of a service, or every resource without a condition."""
    for role, policies in documents.items():
        for statement in (s for policy in policies for s in iam.statements(policy) if s["Effect"] == "Allow"):
            if any(action.endswith("*") for action in _list(statement.get("Action", "*"))):
                yield f"{role}, {statement.get('Sid', '?')}: allows whole groups of actions"
            if "*" in _list(statement.get("Resource", "*")) and "Condition" not in statement:
                yield f"{role}, {statement.get('Sid', '?')}: on every resource, without a condition"


def _request(expected: Expectation, facts: Mapping[str, str]) -> iam.Request:
    context = dict(expected.context)
    if expected.through:
        context["kms:ViaService"] = f"{expected.through}.{facts['region']}.amazonaws.com"
    principal = f"arn:aws:iam::{facts['account']}:role/{facts['name']}-{expected.role}"
    return iam.Request(expected.action, expected.resource.format(**facts), principal, context)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
