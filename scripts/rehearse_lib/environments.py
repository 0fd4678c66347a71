"""What a rehearsal brings along: what people make before the first plan, and the values that are another account's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.rehearse_lib.moto import Cloud
from scripts.rehearse_lib.workspace import Workspace

NAMES = ("small", "standard")
NAME = "proforma"


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
    """Options of plan: the environment's own file, and over it what differs in a rehearsal."""
    certificate = {"certificate_arn": made.certificate} if name == "standard" else {}
    own = {
        "small": {"instance_type": "t3.medium", "hosts": {"min": 1, "max": 1}, "load_balancer": False},
        "standard": {"instance_type": "t3.medium", "hosts": {"min": 2, "max": 4}, "load_balancer": True},
    }[name]
    values = {"images": {"portal": made.portal, "vpn": made.vpn}, "portal": own | certificate}
    values |= {"release_principals": ["arn:aws:iam::123456789012:role/build"], **other}
    file = space.root / "rehearsal.tfvars.json"
    file.write_text(json.dumps(values))
    return [f"-var-file={Path('envs') / name}.tfvars", f"-var-file={file.name}"]
