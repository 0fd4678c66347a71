"""What instances configure themselves by: stored as the controller does, fetched as a host does, against moto."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from scripts import boot_configuration
from scripts.proforma_cloud import fetch
from tests.support.event_queue import ENVIRONMENT, REGION, moto_running

pytestmark = pytest.mark.slow
SECRET, BUCKET = "proforma/portal/configuration", "artifacts"
KINDS = ("portal", "worker")
ROLES = Path("ansible/roles")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_running() as address:
        yield address


@pytest.fixture
def cloud(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As Terraform leaves it: the bucket, and a secret without a value."""
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    manager, s3 = boto3.client("secretsmanager"), boto3.client("s3")
    manager.create_secret(Name=SECRET)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield
    manager.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=one["Key"])
    s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    keys, certificate = tmp_path / "keys", tmp_path / "portal.crt"
    keys.mkdir()
    (keys / "release-1.pub.pem").write_text("public key\n")
    certificate.write_text("certificate\n")
    files = {"appliance_release_public_keys": str(keys), "portal_certificate": str(certificate)}
    return {**files, "portal_key": "key", "portal_workers": 2, "release_artifacts": "/srv", "other": 1}


class Host:
    def __init__(self, root: Path, kinds: tuple[str, ...] = KINDS) -> None:
        self.root, self.place = root, fetch.Place(root)
        self.place.boot.mkdir(parents=True)
        self.settings = root / "boot.json"
        told = {"kinds": kinds, "region": REGION, "artifacts_bucket": BUCKET, "configuration_secret": SECRET}
        self.settings.write_text(json.dumps(told))

    def fetch(self) -> int:
        return fetch.main(["configuration", "--settings", str(self.settings), "--root", str(self.root)])

    @property
    def inventory(self) -> Path:
        return self.place.boot / "inventory.json"

    @property
    def tree(self) -> Path:
        return self.place.boot / "tree"


def store(given: dict[str, Any], kinds: tuple[str, ...] = KINDS) -> bool:
    return boot_configuration.put(boot_configuration.made(given, kinds), SECRET, BUCKET)


@pytest.mark.usefixtures("cloud")
def test_a_host_gets_the_roles_its_variables_and_the_files_that_they_name(
    given: dict[str, Any], tmp_path: Path
) -> None:
    assert store(given)
    host = Host(tmp_path / "host")
    assert host.fetch() == 0
    found = json.loads(host.inventory.read_text())["all"]
    assert set(found["children"]) == set(KINDS)
    assert found["vars"]["ansible_connection"] == "local"
    assert found["vars"]["release_migrates"] is True  # one host is both, so nobody else migrates
    assert found["vars"].keys().isdisjoint({"other", "release_artifacts"})
    assert found["vars"]["portal_certificate"] == f"{boot_configuration.UNPACKED}/given/portal_certificate"
    assert (host.tree / "given/appliance_release_public_keys/release-1.pub.pem").read_text() == "public key\n"
    assert (host.tree / "ansible/playbooks/appliance.yml").exists()
    assert (host.tree / "collections/ansible_collections/ansible/posix/plugins/modules/mount.py").exists()
    assert stat.S_IMODE(host.inventory.stat().st_mode) == 0o600


@pytest.mark.usefixtures("cloud")
def test_storing_the_same_twice_changes_nothing(given: dict[str, Any]) -> None:
    assert store(given)
    assert not store(given)
    assert store(given | {"portal_workers": 3})


@pytest.mark.usefixtures("cloud")
def test_playbooks_that_somebody_altered_in_the_bucket_are_not_played(
    given: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(given)
    name = boot_configuration.made(given, KINDS).object
    boto3.client("s3").put_object(Bucket=BUCKET, Key=name, Body=b"other playbooks")
    host = Host(tmp_path / "host")
    assert host.fetch() == 69
    assert "is not what it states (SHA-256)" in capsys.readouterr().err
    assert not host.inventory.exists()
    assert not host.tree.exists()


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "Cannot fetch the configuration"),
        ("not JSON", "not what playbooks/appliance.yml stores"),
        ('{"kinds": ["worker"], "object": "x", "sha256": "x", "variables": {}}', "it is for worker, and this host is"),
    ],
)
def test_a_configuration_that_is_of_no_use_is_refused_in_a_sentence(
    text: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        boto3.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=text)
    host = Host(tmp_path / "host")
    assert host.fetch() == 69
    assert said in capsys.readouterr().err
    assert not host.inventory.exists()


def test_a_private_key_does_not_go_into_the_bucket(given: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "keys/release-1.key.pem").write_text("-----BEGIN " + "PRIVATE KEY-----\n")
    with pytest.raises(boot_configuration.RefusedError, match="holds a private key"):
        boot_configuration.made(given, KINDS)


def test_a_value_that_ansible_would_resolve_once_more_is_refused_with_its_name(given: dict[str, Any]) -> None:
    with pytest.raises(boot_configuration.RefusedError, match=r"portal_inbound_credentials\.a\.password"):
        boot_configuration.made(given | {"portal_inbound_credentials": {"a": {"password": "{{ x"}}}, KINDS)


def test_a_portal_host_is_not_told_what_workers_sign_in_with(given: dict[str, Any]) -> None:
    known = given | {"worker_credentials": {"a": {"password": "x"}}}
    assert "worker_credentials" not in boot_configuration.made(known, ("portal",)).variables
    assert boot_configuration.made(known, ("portal",)).variables["release_migrates"] is False


def test_the_same_sources_make_the_same_bytes(given: dict[str, Any]) -> None:
    assert boot_configuration.made(given, KINDS).packed == boot_configuration.made(given, KINDS).packed


def test_every_variable_that_names_something_of_the_controller_is_known() -> None:
    """A new one has to go with the configuration, or be left out knowingly."""
    known = {*boot_configuration.FILES, *boot_configuration.LEFT_OUT}
    for role in (*boot_configuration.EVERY, "portal", "worker"):
        described = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())
        for name, option in described["argument_specs"]["main"]["options"].items():
            if "on the controller" in str(option["description"]):
                assert name in known, f"{role}: {name}"


def test_before_any_host_has_made_a_key_of_backups_there_is_none_to_bring(
    given: dict[str, Any], tmp_path: Path
) -> None:
    keys = tmp_path / "backup-keys"
    known = given | {"backup_trusted_keys": str(keys)}
    assert "backup_trusted_keys" not in boot_configuration.made(known, KINDS).variables
    keys.mkdir()
    assert boot_configuration.made(known, KINDS).variables["backup_trusted_keys"].startswith("/run/proforma-boot/")
