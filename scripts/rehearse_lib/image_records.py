"""What EC2 was asked for an image, and what it holds of it, compared with what was wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scripts.rehearse_lib import moto
from scripts.rehearse_lib.asked import Asked

KEY = "alias/proforma-images"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`share_with`: accounts that may use the image."""

    kind: str
    version: str
    commit: str
    share_with: Sequence[str] = ()

    @property
    def tags(self) -> dict[str, str]:
        origin = {"Source": str(moto.DEBIAN["name"]), "SourceId": str(moto.DEBIAN["ami_id"])}
        return {"Name": f"proforma-{self.kind}", "Version": self.version, "Commit": self.commit} | origin


def registered(cloud: moto.Cloud, wanted: Wanted) -> list[str]:
    """Ids of all images of that kind and version, those of Packer's own half way included."""
    named = [{"Name": "name", "Values": [f"proforma-{wanted.kind}-{wanted.version}-*"]}]
    return [one["ImageId"] for one in cloud.client("ec2").describe_images(Owners=["self"], Filters=named)["Images"]]


def faults(cloud: moto.Cloud, image: str, wanted: Wanted, asked: Asked) -> list[str]:
    """A sentence for each; `image` is what Packer's manifest names."""
    return [*_held(cloud, image, wanted), *encryption(asked), *unreachable(asked)]


def _held(cloud: moto.Cloud, image: str, wanted: Wanted) -> Iterator[str]:
    ec2 = cloud.client("ec2")
    if (found := registered(cloud, wanted)) != [image]:
        yield f"the manifest names {image}, and the account has {found}"
        return
    (held,) = ec2.describe_images(ImageIds=[image])["Images"]
    if (tags := {one["Key"]: one["Value"] for one in held.get("Tags", [])}) != wanted.tags:
        yield f"the image has the tags {tags}, and not {wanted.tags}"
    if held["Public"]:
        yield "the image is public"
    shared = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
    if (accounts := sorted(one.get("UserId", "everybody") for one in shared)) != sorted(wanted.share_with):
        yield f"the image is shared with {accounts}, and not with {list(wanted.share_with)}"


def encryption(asked: Asked) -> Iterator[str]:
    """Of the machine's volume and of the image, with our key. moto keeps neither: it is looked up in what was asked."""
    machines, copies = asked.of("RunInstances"), asked.of("CopyImage")
    if not machines or not copies:
        yield f"{len(machines)} machines and {len(copies)} encrypted copies were asked for: one of each is needed"
    for one in machines:
        if _of_volume(one, "Encrypted") != "true" or _of_volume(one, "KmsKeyId") != KEY:
            yield f"the machine's volume is not encrypted with {KEY}"
    for one in copies:
        if one.get("Encrypted") != "true" or one.get("KmsKeyId") != KEY:
            yield f"the image is not encrypted with {KEY}"


def unreachable(asked: Asked) -> Iterator[str]:
    """Nobody forbids it: a machine in a default subnet must keep the public address that it gets."""
    for one in asked.of("RunInstances"):
        if one.get("NetworkInterface.1.AssociatePublicIpAddress") == "false":
            yield "the machine may have no public address, although nobody said so: Packer would not reach it"


def _of_volume(machine: dict[str, str], what: str) -> str | None:
    return machine.get(f"BlockDeviceMapping.1.Ebs.{what}")
