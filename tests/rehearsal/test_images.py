"""What the rehearsal of images compares, without baking any: what EC2 was asked and has, what an instance is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from scripts.rehearse_lib import __main__ as command
from scripts.rehearse_lib import asked, image_boots, image_records, moto
from scripts.rehearse_lib.asked import Asked
from scripts.rehearse_lib.image_boots import Identity
from scripts.rehearse_lib.image_records import KEY, Wanted

NUMBERS = itertools.count()
VOLUME = "BlockDeviceMapping.1.Ebs"
MACHINE = {"Action": "RunInstances", f"{VOLUME}.Encrypted": "true", f"{VOLUME}.KmsKeyId": KEY}
COPY = {"Action": "CopyImage", "Encrypted": "true", "KmsKeyId": KEY}
ENCRYPTED = Asked("", [MACHINE, COPY])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[moto.Cloud]:
    with moto.running(tmp_path_factory.mktemp("moto") / "moto.log") as running:
        yield running


@pytest.fixture
def wanted() -> Wanted:
    """Of a version of its own: to empty moto takes seconds."""
    return Wanted("vpn", f"0.0.{next(NUMBERS)}", "c" * 40, ("111111111111",))


@pytest.fixture
def image(cloud: moto.Cloud, wanted: Wanted) -> str:
    """Registered as Packer does it, and shared."""
    return registered(cloud, wanted, "20260101-000000")


def registered(cloud: moto.Cloud, wanted: Wanted, at: str) -> str:
    ec2 = cloud.client("ec2")
    made = ec2.register_image(Name=f"proforma-{wanted.kind}-{wanted.version}-{at}", Architecture="x86_64")["ImageId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": k, "Value": v} for k, v in wanted.tags.items()])
    share(cloud, made, "Add", wanted.share_with[0])
    return str(made)


def share(cloud: moto.Cloud, image: str, how: str, account: str) -> None:
    cloud.client("ec2").modify_image_attribute(ImageId=image, LaunchPermission={how: [{"UserId": account}]})


def test_an_image_as_wanted_has_no_fault(cloud: moto.Cloud, image: str, wanted: Wanted) -> None:
    assert image_records.faults(cloud, image, wanted, ENCRYPTED) == []
    assert {"Name", "Version", "Commit", "Source", "SourceId"} == set(wanted.tags)


def test_a_tag_that_is_missing_is_told(cloud: moto.Cloud, image: str, wanted: Wanted) -> None:
    cloud.client("ec2").delete_tags(Resources=[image], Tags=[{"Key": "Commit"}])
    (told,) = image_records.faults(cloud, image, wanted, ENCRYPTED)
    assert told.startswith("the image has the tags")


def test_an_account_that_nobody_named_is_told(cloud: moto.Cloud, image: str, wanted: Wanted) -> None:
    share(cloud, image, "Add", "999999999999")
    assert image_records.faults(cloud, image, wanted, ENCRYPTED) == [
        "the image is shared with ['111111111111', '999999999999'], and not with ['111111111111']"
    ]


def test_an_account_that_was_named_and_left_out_is_told(cloud: moto.Cloud, image: str, wanted: Wanted) -> None:
    share(cloud, image, "Remove", "111111111111")
    (told,) = image_records.faults(cloud, image, wanted, ENCRYPTED)
    assert told == "the image is shared with [], and not with ['111111111111']"


def test_a_copy_without_encryption_that_was_left_is_told(cloud: moto.Cloud, image: str, wanted: Wanted) -> None:
    registered(cloud, wanted, "20260101-000001")
    (told,) = image_records.faults(cloud, image, wanted, ENCRYPTED)
    assert told.startswith(f"the manifest names {image}, and the account has [")


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        ([MACHINE], "1 machines and 0 encrypted copies"),
        ([COPY], "0 machines and 1 encrypted copies"),
        ([{"Action": "RunInstances"}, COPY], "the machine's volume is not encrypted"),
        ([MACHINE, {"Action": "CopyImage"}], "the image is not encrypted"),
        ([MACHINE, COPY | {"KmsKeyId": "alias/aws/ebs"}], f"the image is not encrypted with {KEY}"),
    ],
)
def test_what_was_not_asked_to_be_encrypted_is_told(calls: list[dict[str, str]], says: str) -> None:
    (told,) = image_records.encryption(Asked("", calls))
    assert told.startswith(says)


def test_a_machine_that_was_forbidden_a_public_address_is_told() -> None:
    asked_for = {"NetworkInterface.1.AssociatePublicIpAddress": "false"}
    (told,) = image_records.unreachable(Asked("", [MACHINE | asked_for]))
    assert told.startswith("the machine may have no public address")
    assert not list(image_records.unreachable(Asked("", [MACHINE])))


def test_the_door_keeps_what_is_asked_and_hands_on_the_answer(cloud: moto.Cloud, image: str) -> None:
    with asked.listening(cloud.endpoint) as door:
        ec2 = boto3.client(
            "ec2",
            endpoint_url=door.endpoint,
            region_name=moto.REGION,
            aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",
        )
        assert [one["ImageId"] for one in ec2.describe_images(ImageIds=[image])["Images"]] == [image]
        with pytest.raises(ec2.exceptions.ClientError, match="InvalidAMIID"):
            ec2.describe_images(ImageIds=["ami-00000000"])
    assert [one["ImageId.1"] for one in door.of("DescribeImages")] == [image, "ami-00000000"]


def identity(machine: str, *keys: str) -> Identity:
    return Identity(machine * 32, frozenset(keys))


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (identity("b", "three", "four"), []),
        (identity("a", "three", "four"), ["the machine-id is"]),
        (identity("", "three", "four"), ["the machine-id is empty"]),
        (identity("b", "one", "four"), ["the host has no keys of its own"]),
        (identity("b", "three"), ["the host has no keys of its own"]),
    ],
)
def test_an_instance_that_is_not_someone_of_its_own_is_told(after: Identity, says: list[str]) -> None:
    told = image_boots.strangers(identity("a", "one", "two"), after)
    assert [line.startswith(start) for line, start in zip(told, says, strict=True)] == [True] * len(says)


LISTED = """\
udp   UNCONN 0      0            0.0.0.0:4500       0.0.0.0:*
udp   UNCONN 0      0          127.0.0.1:323        0.0.0.0:*
tcp   LISTEN 0      128          0.0.0.0:22         0.0.0.0:*
tcp   LISTEN 0      128             [::]:22            [::]:*
tcp   LISTEN 0      5              [::1]:9000          [::]:*
"""


def test_a_port_that_nobody_has_opened_is_told() -> None:
    assert image_boots.opened(LISTED) == ["udp 4500 is open, and nobody has configured the host"]
    assert image_boots.opened("") == ["tcp 22 is not open: nobody could configure the host"]


def test_what_lies_on_the_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc/ssh").mkdir(parents=True)
    (tmp_path / "etc/machine-id").write_text("")
    assert list(image_boots.left(tmp_path)) == []
    (tmp_path / "etc/machine-id").write_text("a" * 32)
    (tmp_path / "etc/ssh/ssh_host_rsa_key").write_text("")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/script_1.sh").write_text("")
    assert {path.name for path in image_boots.left(tmp_path)} == {"machine-id", "ssh_host_rsa_key", "script_1.sh"}


@pytest.mark.parametrize("words", [["--images", "small"], ["--images", "--no-images"]])
def test_images_alone_means_nothing_else(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    assert "--images" in capsys.readouterr().err


def test_images_alone_asks_for_root_before_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert command.main(["--images"]) == 69
    assert capsys.readouterr().err == "Baking images takes root.\n"
