"""What each role must be able to do and what it must not: data, judged by rehearse_lib.iam."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scripts.rehearse_lib import iam


@dataclass(frozen=True, slots=True)
class Expectation:
    """`resource`: an ARN with {name}, {account} and {region}. `through`: kms:ViaService.

    `needs`: a fact; where it is empty, what the role may otherwise do it must not.
    """

    role: str
    action: str
    resource: str
    may: bool
    through: str = ""
    context: tuple[tuple[str, str], ...] = ()
    needs: str = ""


_S3 = "arn:aws:s3:::{name}-%s-{account}"
_QUEUE = "arn:aws:sqs:{region}:{account}:{name}-%s"
_SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:{name}/%s-AbCdEf"  # noqa: S105  a pattern of a name
_PARAMETER = "arn:aws:ssm:{region}:{account}:parameter/{name}/portal/%s"
_DOCUMENT = _S3 % "documents" + "/PF-1/aa/PF-1.pdf"
_ENTRY = _S3 % "register" + "/documents/PF-1.json"
_RELEASE = _S3 % "artifacts" + "/proforma-1.4.0.tar"
_OURS = (("cloudwatch:namespace", "Proforma"),)
_ANY = "arn:aws:iam::{account}:role/{name}-portal"
_EC2 = "arn:aws:ec2:{region}:{account}:%s"
_ADDRESS, _ROUTES, _MOVES = (
    _EC2 % "elastic-ip/{allocation}",
    _EC2 % "route-table/{route_table}",
    "arn:aws:ssm:{region}:{account}:parameter/{name}/vpn/moves",
)
_LOG = "arn:aws:logs:{region}:{account}:log-group:/{name}/%s:log-stream:i-0123456789abcdef0"
_SCHEDULE = "arn:aws:scheduler:{region}:{account}:schedule/{name}/{name}-%s"
_SEALED_FOR = "kms:EncryptionContext:aws:scheduler:schedule:arn"
_MOVERS = ("vpn", "vpn-failover")
_ROLES = ("portal", "worker", "vault", "intake", "schedule", "release", *_MOVERS)

_MAY = (
    ("portal", "s3:GetObject", _DOCUMENT),
    ("portal", "s3:GetObject", _RELEASE),
    *((host, "s3:GetObject", _S3 % "artifacts" + "/configuration/aa.tar.gz") for host in ("portal", "worker")),
    ("portal", "secretsmanager:GetSecretValue", "{migration_secret}"),
    ("portal", "secretsmanager:GetSecretValue", "{backup_secret}"),
    ("portal", "secretsmanager:GetSecretValue", "{portal_configuration}"),
    ("portal", "ssm:GetParameter", _PARAMETER % "release"),
    ("portal", "sqs:SendMessage", _QUEUE % "celery"),
    *((host, "ssmmessages:OpenDataChannel", "*") for host in ("portal", "worker", "vpn")),
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
    ("portal", "logs:PutLogEvents", _LOG % "portal"),
    ("worker", "logs:PutLogEvents", _LOG % "worker"),
    ("vpn", "logs:PutLogEvents", _LOG % "vpn"),
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
    # nor say what a host is configured by, which is more than a release may
    *((role, "s3:PutObject", _S3 % "artifacts" + "/configuration/aa.tar.gz") for role in _ROLES),
    *((role, "secretsmanager:PutSecretValue", "{portal_configuration}") for role in _ROLES),
    *((role, "secretsmanager:GetSecretValue", "{portal_configuration}") for role in ("worker", "release", *_MOVERS)),
    # workers are not the owner of the database and read no more than it gives them, and nobody's host reads how
    # customers prove themselves
    ("worker", "secretsmanager:GetSecretValue", "{migration_secret}"),
    *((role, "secretsmanager:GetSecretValue", "{backup_secret}") for role in ("worker", "intake", "release", *_MOVERS)),
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
    *((role, action, _ANY) for role in _ROLES for action in ("iam:PassRole", "sts:AssumeRole")),
    # what stands in the internet knows nothing of the work, and moves nothing but the one address and its routes
    *(
        (role, "secretsmanager:GetSecretValue", secret)
        for role in _MOVERS
        for secret in ("{app_secret}", "{migration_secret}", _SECRET % "intake/acme")
    ),
    *((role, "s3:GetObject", thing) for role in _MOVERS for thing in (_DOCUMENT, _RELEASE)),
    *((role, "ssm:PutParameter", _PARAMETER % "release") for role in _MOVERS),
    *((role, "sqs:SendMessage", _QUEUE % "events") for role in _MOVERS),
    *((role, "ec2:ReleaseAddress", _ADDRESS) for role in _MOVERS),
    *((role, "ec2:AssociateAddress", _EC2 % "elastic-ip/eipalloc-0000000000another") for role in _MOVERS),
    *((role, action, _ROUTES) for role in _MOVERS for action in ("ec2:CreateRoute", "ec2:DeleteRoute")),
    *((role, "ec2:TerminateInstances", _EC2 % "instance/i-0123456789abcdef0") for role in _MOVERS),
    ("vpn", "logs:PutLogEvents", _LOG % "portal"),
)

EXPECTATIONS = (
    *(Expectation(*one, may=True) for one in _MAY),
    *(Expectation(*one, may=False) for one in _MUST_NOT),
    Expectation("portal", "cloudwatch:PutMetricData", "*", True, context=_OURS),
    Expectation("portal", "cloudwatch:PutMetricData", "*", False, context=(("cloudwatch:namespace", "AWS/EC2"),)),
    Expectation("vpn", "cloudwatch:PutMetricData", "*", True, context=_OURS),
    Expectation("vpn", "secretsmanager:GetSecretValue", _SECRET % "vpn/example-b/psk", True, needs="pre_shared_key"),
    *(
        Expectation(role, action, thing, True, needs="standby")
        for role in _MOVERS
        for action, thing in (
            ("ec2:AssociateAddress", _ADDRESS),
            ("ec2:ReplaceRoute", _ROUTES),
            ("ssm:PutParameter", _MOVES),
        )
    ),
    Expectation("worker", "kms:Decrypt", "{documents_key}", True, through="s3"),
    Expectation("worker", "kms:Decrypt", "{documents_key}", False),
    Expectation("intake", "kms:Decrypt", "{documents_key}", False, through="s3"),
    Expectation("schedule", "kms:Decrypt", "{documents_key}", False, through="s3"),
    # a schedule is sealed for itself alone
    Expectation("schedule", "kms:Decrypt", "{data_key}", True, context=((_SEALED_FOR, _SCHEDULE % "month-due"),)),
    Expectation("schedule", "kms:Decrypt", "{data_key}", False, context=((_SEALED_FOR, _SCHEDULE % "another"),)),
    Expectation("schedule", "kms:Decrypt", "{data_key}", False, through="s3"),
)

SERVICES = {
    "portal": "ec2.amazonaws.com",
    "worker": "ec2.amazonaws.com",
    "vault": "lambda.amazonaws.com",
    "intake": "lambda.amazonaws.com",
    "schedule": "scheduler.amazonaws.com",
    "vpn": "ec2.amazonaws.com",
    "vpn-failover": "lambda.amazonaws.com",
}
"""who may take a role: this service, and nobody else"""


def breaches(
    identity: Mapping[str, list[iam.Document]], resources: Mapping[str, iam.Document], facts: Mapping[str, str]
) -> Iterator[str]:
    """What is not as expected, a sentence each. Raises iam.UnknownElementError.

    `identity`: policies by role; `resources`: bucket or queue policies by ARN; `facts`: name, account, region, the ARNs
    documents_key, data_key, app_secret, migration_secret, backup_secret and portal_configuration, the ids allocation
    and route_table, and standby and pre_shared_key, which are empty where there is none. Roles that `identity` lacks
    are passed over: `missing` says which must be.
    """
    for expected in EXPECTATIONS:
        if expected.role not in identity:
            continue
        asked = _request(expected, facts)
        speaks = [policy for arn, policy in resources.items() if asked.resource.split("/")[0] == arn]
        found = iam.decide(asked, identity[expected.role], speaks)
        may = expected.may and bool(not expected.needs or facts[expected.needs])
        if (found is iam.Decision.ALLOWED) is not may:
            wish = "must be able to" if may else "must not be able to"
            yield f"{expected.role} {wish} {expected.action} on {asked.resource}: {found.value}"


def missing(roles: Iterable[str], facts: Mapping[str, str]) -> Iterator[str]:
    """Roles that are not there and have to be, or the other way round: nobody said what those may."""
    wanted = set(_ROLES) - (set() if facts["standby"] else {"vpn-failover"})
    yield from (f"the role {role} is missing" for role in sorted(wanted - set(roles)))
    yield from (f"of the role {role} nobody has said what it may" for role in sorted(set(roles) - wanted))


def trust_breaches(trust: Mapping[str, iam.Document], facts: Mapping[str, str]) -> Iterator[str]:
    """Roles that the wrong ones may take, or the right ones may not."""
    for role, document in trust.items():
        context = {
            "aws:SourceAccount": facts["account"],
            "aws:SourceArn": f"arn:aws:scheduler:{facts['region']}:{facts['account']}:schedule-group/{facts['name']}",
        }
        for service in sorted(set(SERVICES.values())):
            if iam.trusts(document, service, context) is not (SERVICES.get(role) == service):
                yield f"{service} and the role {role}: not as it should be"
        if iam.trusts(document, "arn:aws:iam::999999999999:role/stranger", context):
            yield f"a stranger's account may take the role {role}"


UNNAMED = frozenset(
    {
        "cloudwatch:GetMetricData",
        "ec2:DescribeAddresses",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
)
"""Actions for which AWS takes no resource, or which an agent does for its own host alone.
Source: Service Authorization Reference; the agent's rights are those of AWS's policy AmazonSSMManagedInstanceCore."""


def wide(documents: Mapping[str, list[iam.Document]]) -> Iterator[str]:
    """Permissions without bounds: every action of a service, or every resource without a condition or need."""
    for role, policies in documents.items():
        for statement in (s for policy in policies for s in iam.statements(policy) if s["Effect"] == "Allow"):
            actions = iam.many(statement.get("Action", "*"))
            if any(action.endswith("*") for action in actions):
                yield f"{role}, {statement.get('Sid', '?')}: allows whole groups of actions"
            if (
                "*" in iam.many(statement.get("Resource", "*"))
                and "Condition" not in statement
                and set(actions) - UNNAMED
            ):
                yield f"{role}, {statement.get('Sid', '?')}: on every resource, without a condition"


def _request(expected: Expectation, facts: Mapping[str, str]) -> iam.Request:
    context = {key: value.format(**facts) for key, value in expected.context}
    if expected.through:
        context["kms:ViaService"] = f"{expected.through}.{facts['region']}.amazonaws.com"
    principal = f"arn:aws:iam::{facts['account']}:role/{facts['name']}-{expected.role}"
    return iam.Request(expected.action, expected.resource.format(**facts), principal, context)
