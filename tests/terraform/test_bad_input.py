"""What cannot work: `terraform plan` says it in a sentence, before anything is made. moto stands in for AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.rehearse_lib import environments, moto, workspace
from scripts.rehearse_lib.terraform import Terraform
from tests.terraform.conftest import Run

pytestmark = pytest.mark.slow

IMAGES = {"portal": "ami-00000000000000001", "vpn": "ami-00000000000000002"}
ONE_PORTAL = {"instance_type": "t3.medium", "hosts": {"min": 1, "max": 2}, "load_balancer": False}


@dataclass(frozen=True)
class Planner:
    """Plans what is looked at first, of the small environment with other values."""

    root: Terraform
    made: environments.Given

    def says(self, **values: object) -> str:
        images = {"portal": self.made.portal, "vpn": self.made.vpn}
        file = self.root.directory / "test.tfvars.json"
        file.write_text(json.dumps({"images": images, **values}))
        # a variable is looked at when something that is planned needs it
        needing = ["terraform_data.preflight", "module.security.aws_sns_topic_subscription.alarms"]
        needing += ["module.documents.aws_iam_role.release"]
        targets = [f"-target={one}" for one in [*needing, "module.network.aws_security_group.this"]]
        options = [*targets, "-var-file=envs/small.tfvars", f"-var-file={file.name}"]
        return " ".join(" ".join(self.root.plan("test.plan", *options).problems).split())


@pytest.fixture(scope="module")
def planner(terraform: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    place = tmp_path_factory.mktemp("bad-input")
    space = workspace.make(place / "copy")
    (space.root / "local_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    broken = (
        (space.place / "strongswan/sites/example-a.yml").read_text().replace("customer: example-a", "customer: other")
    )
    (space.place / "strongswan/sites/broken.yml").write_text(broken.replace("[10.20.30.0/24]", "[10.20.30.0]"))
    with moto.running(place / "moto.log") as cloud:
        made = environments.given(cloud, {})
        environments.bootstrapped(cloud)
        root = Terraform(space.root, cloud.environment())
        root.init().orderly("terraform init")
        yield Planner(root, made)


def test_the_small_environment_as_it_stands_is_not_refused(planner: Planner) -> None:
    assert planner.says() == ""


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"alarm_emails": ["operations at provider"]}, "no e-mail address: operations at provider"),
        ({"release_principals": []}, "release_principals is empty: nobody could bring a release"),
        ({"vpc_cidr": "10.40.0.0/20"}, "vpc_cidr is a network of /16"),
        ({"vpc_cidr": "10.20.0.0/16"}, "vpc_cidr 10.20.0.0/16 and customer example-a 10.20.30.0/24"),
        ({"staff_pool": "10.40.99.0/24"}, "vpc_cidr 10.40.0.0/16 and staff_pool 10.40.99.0/24"),
        ({"customers": ["nobody"]}, "Site file nobody.yml: There is no such file"),
        ({"customers": ["broken"]}, "Site file broken.yml: `customer` is not broken"),
        ({"customers": ["broken"]}, "one is no network of IPv4"),
        ({"zones": 1}, "zones is 2 or 3"),
        ({"customers": ["example-b"]}, "Systems of example-b are reached over the internet: set nat = true"),
        ({"portal": ONE_PORTAL}, "more than 1 without a load balancer"),
        ({"endpoints": ["ssm"]}, "endpoints lacks logs, monitoring, secretsmanager, sqs"),
        ({"images": {"portal": "debian-13", "vpn": "ami-00000000000000002"}}, "are ids of AMIs"),
        ({"images": IMAGES}, "has no such AMI of self"),
        ({"lambdas_directory": "nowhere"}, "run ./scripts/lambdas build first"),
    ],
)
def test_it_is_said_in_a_sentence(planner: Planner, values: dict[str, object], sentence: str) -> None:
    assert sentence in planner.says(**values)


def test_a_pre_shared_key_that_nobody_has_made_is_missed(planner: Planner) -> None:
    egress = [{"purpose": "tickets", "from": "worker", "cidr": "192.0.2.128/25"}]
    answer = planner.says(name="another", customers=["example-b"], nat=True, egress=egress)
    assert "another/vpn/example-b/psk (the pre-shared key of example-b)" in answer


def test_an_account_without_the_role_of_our_groups_is_sent_to_the_bootstrap(planner: Planner) -> None:
    assert "The role of the auto-scaling groups of another is missing" in planner.says(name="another")


def test_a_region_with_too_few_zones_is_refused(planner: Planner, tmp_path: Path) -> None:
    override = planner.root.directory / "zones_override.tf"
    override.write_text(
        'data "aws_availability_zones" "here" {\n  filter {\n'
        '    name = "zone-name"\n    values = ["eu-central-1a"]\n  }\n}\n'
    )
    try:
        assert "offers this account 1 availability zones" in planner.says()
    finally:
        override.unlink()
