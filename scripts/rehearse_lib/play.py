"""One environment from an empty account to an empty account."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.rehearse_lib import (
    assertions,
    environments,
    failover,
    gaps,
    images,
    instances,
    inventory,
    month,
    moto,
    workspace,
)
from scripts.rehearse_lib.errors import LostAnswerError, RehearsalError
from scripts.rehearse_lib.report import Report
from scripts.rehearse_lib.seen import Applied
from scripts.rehearse_lib.terraform import Done, Terraform

REGION = f"-var=region={moto.REGION}"
LOST = re.compile(
    r"operation error [^:]+: (Create\w+, https response error StatusCode: 409|\w+, .*InvalidPermission\.Duplicate)"
)
BACKEND = "envs/rehearsal.s3.tfbackend"


def play(environment: str, place: Path, cloud: moto.Cloud, *, bakes: bool) -> Report:
    """`bakes`: its images first. Raises RehearsalError or HostError at the first thing that is not as it should be."""
    cloud.empty()
    report, space = Report(environment), workspace.make(place)
    boot, root = (Terraform(folder, cloud.environment()) for folder in (space.bootstrap, space.root))
    bootstrap(boot, space, report)
    made = environments.given(cloud, images.bake(cloud, place / "images", report) if bakes else {})
    options = environments.variables(space, environment, made)
    applied(root, options, report)
    asserted(cloud, root, environment, report)
    second_plan(root, options, report)
    used(cloud, root, options, space, report)
    if environment == "standard":
        released(cloud, root, options, report)
    guarded(cloud, root, options, report)
    taken_down(
        cloud, root, boot, space, environments.variables(space, environment, made, deletion_protection=False), report
    )
    return report


def bootstrap(boot: Terraform, space: workspace.Workspace, report: Report) -> None:
    """The bucket of the state, and the root module's backend in it."""
    boot.init().orderly("terraform init (bootstrap)")
    done = boot.apply(REGION).orderly("terraform apply (bootstrap)")
    (space.root / BACKEND).write_text(boot.raw_output("backend"))
    report.step("bootstrap", done.seconds, f"{len(done.resources)} resources")


def applied(root: Terraform, options: list[str], report: Report) -> None:
    root.init(f"-backend-config={BACKEND}").orderly("terraform init")
    planned = root.plan("first.plan", *options).orderly("terraform plan")
    report.step("plan", planned.seconds)
    done = root.apply("first.plan")
    if any(LOST.search(problem) for problem in done.problems):
        raise LostAnswerError("\n".join(done.problems))
    done.orderly("terraform apply")
    report.step("apply", done.seconds, f"{len(done.resources)} resources")
    report.resources(done.resources)


def asserted(cloud: moto.Cloud, root: Terraform, environment: str, report: Report) -> None:
    begun = time.monotonic()
    body = root.attribute("module.intake[0].aws_api_gateway_rest_api.this", "body")
    if faults := assertions.faults(Applied(cloud, root.outputs(), environment, body)):
        raise RehearsalError("What was applied is not as it has to be:\n" + "\n".join(faults))
    report.step("assert", time.monotonic() - begun, f"{len(assertions.ALL)} groups of assertions")


def second_plan(root: Terraform, options: list[str], report: Report) -> None:
    done, changes = orderly_plan(root, "second.plan", options)
    report.differences = Counter(gap.reason for one in changes for gap in gaps.seen([one]))
    report.step("second plan", done.seconds, f"nothing but {len(changes)} known differences of moto")


def orderly_plan(
    root: Terraform, file: str, options: list[str], known: tuple[gaps.Gap, ...] = gaps.KNOWN
) -> tuple[Done, list[dict[str, Any]]]:
    """How it went, and its changes. Raises RehearsalError when it shows one that no known gap explains."""
    done = root.plan(file, *options).orderly(f"terraform plan ({file})")
    changes = root.changes(file)
    if others := gaps.unexplained(changes, known):
        raise RehearsalError(f"{file} shows changes that no known gap of moto explains:\n" + "\n".join(others))
    return done, changes


def moved_plan(root: Terraform, options: list[str]) -> None:
    """Of the VPN alone: queues and functions are not as they were applied, because the month was played with them."""
    orderly_plan(root, "moved.plan", ["-target=module.vpn", *options], (*gaps.KNOWN, gaps.WOKEN))


def used(cloud: moto.Cloud, root: Terraform, options: list[str], space: workspace.Workspace, report: Report) -> None:
    """A month and a failover in what was applied, by the real portal and the real functions."""
    outputs = root.outputs()
    inventory.play(cloud, root, space.place / "inventory", report)
    with moto.without_bucket_policies(cloud):
        instances.play(cloud, space.place / "inventory/ec2", space.place / "instances", report)
        month.play(cloud, outputs, space, report)
    failover.play(cloud, outputs, space, lambda: moved_plan(root, options), report)


def released(cloud: moto.Cloud, root: Terraform, options: list[str], report: Report) -> None:
    """The first apply after the first release lets portal hosts be judged by the load balancer; none before."""
    group, pointer = "module.portal.aws_autoscaling_group.this", root.outputs()["release"]["parameter"]
    before = root.attribute(group, "health_check_type")
    cloud.client("ssm").put_parameter(Name=pointer, Value="0.0.1", Overwrite=True)
    done = root.plan("released.plan", *options).orderly("terraform plan after the first release")
    after = [one["change"]["after"] for one in root.changes("released.plan") if one["address"] == group]
    if (before, [one["health_check_type"] for one in after]) != ("EC2", ["ELB"]):
        raise RehearsalError(f"Portal hosts are judged by {before} before the first release, and then: {after}")
    report.step("first release", done.seconds, "from then on the load balancer judges portal hosts")


def guarded(cloud: moto.Cloud, root: Terraform, options: list[str], report: Report) -> None:
    """Terraform refuses to destroy what must not be lost, and so does AWS."""
    done = root.destroy(*options)
    if not done.code or not any("prevent_destroy" in text for text in done.problems):
        raise RehearsalError("terraform destroy was not refused by prevent_destroy.")
    rds = cloud.client("rds")
    try:
        rds.delete_db_cluster(DBClusterIdentifier=environments.NAME, SkipFinalSnapshot=True)
    except rds.exceptions.ClientError as refused:
        report.step("guards refuse", done.seconds, f"prevent_destroy; {refused.response['Error']['Code']}")
        return
    raise RehearsalError("The database could be deleted although it is protected.")


def taken_down(
    cloud: moto.Cloud, root: Terraform, boot: Terraform, space: workspace.Workspace, options: list[str], report: Report
) -> None:
    """The guards are lifted, in the copy; then everything goes, and nothing is left."""
    lifted = space.lift_guards()
    done = root.apply("-refresh=false", "-target=module.database.aws_rds_cluster.this", *options).orderly(
        "lifting the guards"
    )
    report.step("lift guards", done.seconds, f"{lifted} of Terraform's, and AWS's own")
    state = boot.outputs()["backend"].split('"')[1]
    for bucket in buckets(cloud, but=state):
        opened(cloud, bucket)
    for bucket in buckets(cloud, but=state):
        emptied(cloud, bucket)
    detached(cloud, root)
    done = root.destroy(*options).orderly("terraform destroy")
    last = max(done.resources, key=done.resources.__getitem__)
    slowest = f"{last} took {done.resources[last]:.0f} s"
    report.step("destroy", done.seconds, f"{len(done.resources)} resources; {slowest}")
    emptied(cloud, state)
    done = boot.destroy(REGION).orderly("terraform destroy (bootstrap)")
    report.step("destroy bootstrap", done.seconds)
    if rest := assertions.left(cloud):
        raise RehearsalError("After the destroy there is still:\n" + "\n".join(rest))
    report.step("nothing left", 0.0)


def buckets(cloud: moto.Cloud, but: str) -> list[str]:
    return [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"] if one["Name"] != but]


def detached(cloud: moto.Cloud, root: Terraform) -> None:
    """The attachments that only the rehearsal has: the provider waits minutes for a word that moto does not say."""
    ec2 = cloud.client("ec2")
    interfaces = [host["interface_id"] for host in root.outputs()["vpn_hosts"].values()]
    for one in ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)["NetworkInterfaces"]:
        ec2.detach_network_interface(AttachmentId=one["Attachment"]["AttachmentId"], Force=True)
    root.forget("module.vpn.aws_network_interface_attachment.rehearsal")


def opened(cloud: moto.Cloud, bucket: str) -> None:
    """Its policy refuses to delete what was issued. And what Terraform asks while it destroys would be logged into the
    bucket of logs, which then is not empty."""
    cloud.client("s3").delete_bucket_policy(Bucket=bucket)
    cloud.client("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


def emptied(cloud: moto.Cloud, bucket: str) -> None:
    """Versions go one by one: moto answers 500 when asked to delete several at once, as `force_destroy` does."""
    s3 = cloud.client("s3")
    listed = list(s3.get_paginator("list_object_versions").paginate(Bucket=bucket))
    for one in (one for page in listed for kind in ("Versions", "DeleteMarkers") for one in page.get(kind, [])):
        named = {"Bucket": bucket, "Key": one["Key"], "VersionId": one["VersionId"]}
        s3.delete_object(**named, BypassGovernanceRetention=True)  # documents are locked until their retention ends
