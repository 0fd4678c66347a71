"""What a host fetches from AWS at boot, against moto over HTTP."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from scripts.proforma_cloud import fetch
from tests.support.event_queue import ENVIRONMENT, REGION, moto_running

pytestmark = pytest.mark.slow
SECRET = "postgres://app:hunter2@db/proforma"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_running() as address:
        yield address


class Host:
    """A root, and AWS as Terraform fills it."""

    def __init__(self, root: Path) -> None:
        self.root, self.place = root, fetch.Place(root)
        for folder in (self.place.credstore, self.place.pointer.parent, self.place.artifacts):
            folder.mkdir(parents=True)
        self.settings = root / "cloud.json"

    def wants(self, **changes: Any) -> None:
        known = {"secrets": {"database_url": "proforma/database-url"}, "pointer_parameter": "/proforma/release"}
        self.settings.write_text(json.dumps({**known, "artifacts_bucket": "artifacts", **changes}))

    def run(self, what: str) -> int:
        return fetch.main([what, "--settings", str(self.settings), "--root", str(self.root)])

    def credential(self, name: str) -> Path:
        return self.place.credstore / f"proforma.{name}"


@pytest.fixture
def host(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    made = Host(tmp_path)
    made.wants()
    return made


@pytest.fixture
def filled(host: Host) -> Iterator[Host]:
    manager, ssm, s3 = (boto3.client(name) for name in ("secretsmanager", "ssm", "s3"))
    manager.create_secret(Name="proforma/database-url", SecretString=f"{SECRET}\n")
    ssm.put_parameter(Name="/proforma/release", Value="1.4.0", Type="String", Overwrite=True)
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in ("proforma-1.4.0.tar", "proforma-1.4.0.tar.sig"):
        s3.put_object(Bucket="artifacts", Key=name, Body=name.encode())
    yield host
    manager.delete_secret(SecretId="proforma/database-url", ForceDeleteWithoutRecovery=True)
    for name in ("proforma-1.4.0.tar", "proforma-1.4.0.tar.sig"):
        s3.delete_object(Bucket="artifacts", Key=name)
    s3.delete_bucket(Bucket="artifacts")


def test_secrets_come_into_files_that_root_alone_reads(filled: Host) -> None:
    assert filled.run("secrets") == 0
    assert filled.credential("database_url").read_text() == SECRET
    assert stat.S_IMODE(filled.credential("database_url").stat().st_mode) == 0o600


def test_a_secret_that_cannot_be_fetched_leaves_the_old_one_and_is_told_without_a_value(
    filled: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.wants(secrets={"secret_key": "proforma/missing", "database_url": "proforma/database-url"})
    filled.credential("secret_key").write_text("the-old-one")
    assert filled.run("secrets") == 69
    assert filled.credential("secret_key").read_text() == "the-old-one"
    assert filled.credential("database_url").read_text() == SECRET, "the others are fetched all the same"
    said = capsys.readouterr().err
    assert "Cannot fetch secret secret_key (ResourceNotFoundException). The one that is there stays." in said
    assert SECRET not in said


@pytest.mark.parametrize(("stored", "told"), [({"SecretString": " "}, "empty"), ({"SecretBinary": b"\x00"}, "binary")])
def test_a_secret_that_is_no_text_does_not_replace_a_good_one(
    stored: dict[str, Any], told: str, filled: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    manager = boto3.client("secretsmanager")
    manager.create_secret(Name="proforma/useless", **stored)
    try:
        filled.wants(secrets={"secret_key": "proforma/useless", "database_url": "proforma/database-url"})
        filled.credential("secret_key").write_text("the-old-one")
        assert filled.run("secrets") == 69
    finally:
        manager.delete_secret(SecretId="proforma/useless", ForceDeleteWithoutRecovery=True)
    assert filled.credential("secret_key").read_text() == "the-old-one"
    assert filled.credential("database_url").read_text() == SECRET
    assert told in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_and_the_others_are(
    filled: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.wants(secrets={"secret_key": "proforma/database-url", "database_url": "proforma/database-url"})
    filled.credential("secret_key").mkdir()
    assert filled.run("secrets") == 69
    assert filled.credential("database_url").read_text() == SECRET
    assert "Cannot write secret secret_key (Is a directory)" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["secrets", "release"])
def test_a_host_that_does_not_know_its_region_is_told_so(
    what: str, host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(host.root / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert host.run(what) == 69
    assert "NoRegionError" in capsys.readouterr().err


def test_the_pointer_comes_after_the_artifact_that_it_names(filled: Host) -> None:
    assert filled.run("release") == 0
    assert filled.place.pointer.read_text() == "1.4.0\n"
    assert {path.name for path in filled.place.artifacts.iterdir()} == {"proforma-1.4.0.tar", "proforma-1.4.0.tar.sig"}


def test_without_its_artifact_the_pointer_stays(filled: Host) -> None:
    boto3.client("ssm").put_parameter(Name="/proforma/release", Value="1.5.0", Type="String", Overwrite=True)
    filled.place.pointer.write_text("1.3.0\n")
    assert filled.run("release") == 69
    assert filled.place.pointer.read_text() == "1.3.0\n"
    assert list(filled.place.artifacts.iterdir()) == []


def test_a_release_that_is_installed_needs_no_artifact(filled: Host) -> None:
    boto3.client("ssm").put_parameter(Name="/proforma/release", Value="1.5.0", Type="String", Overwrite=True)
    there = filled.root / "opt/proforma/releases/1.5.0/installed.json"
    there.parent.mkdir(parents=True)
    there.write_text("{}")
    assert filled.run("release") == 0
    assert filled.place.pointer.read_text() == "1.5.0\n"


def test_a_parameter_that_is_no_version_moves_nothing(filled: Host) -> None:
    boto3.client("ssm").put_parameter(Name="/proforma/release", Value="../1.4.0", Type="String", Overwrite=True)
    assert filled.run("release") == 69
    assert not filled.place.pointer.exists()


@pytest.mark.parametrize(
    "text", ["", "{}", '{"secrets": {"../x": "y"}, "pointer_parameter": "", "artifacts_bucket": ""}']
)
def test_damaged_settings_are_refused(text: str, host: Host) -> None:
    host.settings.write_text(text)
    assert host.run("secrets") == 78
    assert list(host.place.credstore.iterdir()) == []
