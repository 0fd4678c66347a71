"""What a rehearsal brings along: what people make before the first plan, and the values that are another account's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.workspace import Workspace

NAMES = ("small", "standard")
NAME = "proforma"
READERS = (
    "region",
    "name",
    "portal_name",
    "vpn_identity",
    "customers",
    "alarm_emails",
    "release_principals",
    "images.portal",
    "images.vpn",
    "portal.certificate_arn",
    "egress",
    "schedule.time_zone",
    "deletion_protection",
)
"""what docs/deploy.md tells its reader to write into the .tfvars, and nothing else differs in a rehearsal"""


@dataclass(frozen=True, slots=True)
class Given:
    """Ids of what was made by hand."""

    portal: str
    vpn: str
    certificate: str


def bootstrapped(cloud: Cloud) -> None:
    """Of what the bootstrap makes, what a plan looks for; where it is not applied itself."""
    cloud.client("iam").create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix=NAME)


def given(cloud: Cloud, images: Mapping[str, str]) -> Given:
    """The certificate, and the pre-shared key that a site file names, beside `images` by kind; without them two that
    only have a name."""
    ec2 = cloud.client("ec2")
    images = images or {
        kind: ec2.register_image(Name=f"proforma-{kind}", Architecture="x86_64")["ImageId"]
        for kind in ("portal", "vpn")
    }
    arn = cloud.client("acm").request_certificate(DomainName="portal.provider.example")["CertificateArn"]
    cloud.client("secretsmanager").create_secret(
        Name=f"{NAME}/vpn/example-b/psk", SecretString="made for this rehearsal"
    )
    return Given(images["portal"], images["vpn"], arn)


def variables(space: Workspace, name: str, made: Given, **other: object) -> list[str]:
    """The option of plan: the environment's own file, in the copy, as people fill it in. Raises RehearsalError
    for a value that the page does not tell them to write."""
    values = {"images.portal": made.portal, "images.vpn": made.vpn, **other}
    if name == "standard":
        values["portal.certificate_arn"] = made.certificate
    file = Path("envs") / f"{name}.tfvars"
    path = space.root / file
    text = path.read_text()
    for key, value in values.items():
        text = written(text, key, value)
    path.write_text(text)
    return [f"-var-file={file}"]


def written(text: str, key: str, value: object) -> str:
    """A .tfvars file with another value; `key` with a dot: within that object. A key without one may be new.
    Raises RehearsalError."""
    if key not in READERS:
        raise RehearsalError(f"docs/deploy.md tells nobody to set {key}: a rehearsal must not either.")
    outer, _, inner = key.rpartition(".")
    line = f"{inner} = {json.dumps(value)}"
    within = rf"(^{outer} = {{\n(?:  .*\n)*?  ){inner} += .*$" if outer else rf"()^{inner} += .*$"
    text, count = re.subn(within, lambda found: found[1] + line, text, flags=re.MULTILINE)
    if count == 1:
        return text
    if outer or count:
        raise RehearsalError(f"The file of variables has {key} {count} times, and not once.")
    return f"{text}{line}\n"
