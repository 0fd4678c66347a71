"""`proforma-cloud secrets`, `release` and `configuration`: run as root by units of systemd.

secrets         each secret of cloud.json from Secrets Manager into CREDSTORE/proforma.NAME (0600), in one step
release         the SSM parameter into the pointer file, and artifact and signature from S3 unless it is installed
configuration   what an instance configures itself by (boot.json names the secret): playbooks and roles whose SHA-256
                the secret states, and the variables of its kind, below /run/proforma-boot

What cannot be fetched leaves what is there: a host that was once set up boots although AWS does not answer. No value is
logged. Exit codes: 0 done; 69 something could not be fetched, the lines say what and what was kept; 78 cloud.json or
boot.json is damaged.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = re.compile(r"^\d+(\.\d+){2,3}$")
NAME = re.compile(r"^[a-z_]+$")


@dataclass(frozen=True)
class Place:
    """Where things go; `root` is / on a host."""

    root: Path = Path("/")

    @property
    def credstore(self) -> Path:
        return self.root / "etc/credstore"

    @property
    def pointer(self) -> Path:
        return self.root / "etc/proforma/current-release"

    @property
    def artifacts(self) -> Path:
        return self.root / "var/lib/proforma/artifacts"

    @property
    def boot(self) -> Path:
        """Memory, not disk: variables may be secret."""
        return self.root / "run/proforma-boot"

    def installed(self, version: str) -> bool:
        return (self.root / "opt/proforma/releases" / version / "installed.json").exists()


@dataclass(frozen=True)
class Wanted:
    """cloud.json: `secrets` is name -> id in Secrets Manager."""

    secrets: dict[str, str]
    pointer_parameter: str
    artifacts_bucket: str

    @classmethod
    def read(cls, path: Path) -> Wanted:
        """Raises ValueError."""
        given = json.loads(path.read_text())
        secrets = dict(given["secrets"])
        if bad := [name for name in secrets if not NAME.match(name)]:
            raise ValueError(f"{bad[0]!r} is no name of a secret")
        return cls(secrets, str(given["pointer_parameter"]), str(given["artifacts_bucket"]))


@dataclass(frozen=True)
class Instance:
    """boot.json, as Terraform's user data writes it. `kinds`: groups of the inventory, portal, worker or both."""

    kinds: tuple[str, ...]
    region: str
    artifacts_bucket: str
    secret: str

    @classmethod
    def read(cls, path: Path) -> Instance:
        """Raises ValueError, KeyError."""
        given = json.loads(path.read_text())
        names = given["region"], given["artifacts_bucket"], given["configuration_secret"]
        return cls(tuple(given["kinds"]), *map(str, names))


class UselessError(Exception):
    """AWS answered, but not with what a host can use. The text names no value."""


def client(service: str) -> Any:
    """Region and the instance's role are found by boto3."""
    import boto3
    from botocore.config import Config

    return boto3.client(service, config=Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard"}))


def secrets(wanted: Wanted, place: Place) -> list[str]:
    """Fetch all; returns what could not be fetched, as lines for people."""
    troubles: list[str] = []
    for name, secret_id in wanted.secrets.items():
        target = place.credstore / f"proforma.{name}"
        with _noting(troubles, f"secret {name}", target.exists(), "Store it anew in Secrets Manager."):
            write(target, _text(client("secretsmanager").get_secret_value(SecretId=secret_id)))
    return troubles


def _text(answer: dict[str, Any]) -> str:
    """Raises UselessError for a binary or an empty secret: neither may replace one that is good."""
    if "SecretString" not in answer:
        raise UselessError("it is binary, not text")
    if not (text := str(answer["SecretString"]).strip()):
        raise UselessError("it is empty")
    return text


def release(wanted: Wanted, place: Place) -> list[str]:
    """The pointer last: it never names a release whose artifact is not there. Returns as `secrets`."""
    troubles: list[str] = []
    if not wanted.pointer_parameter:
        return troubles
    with _noting(troubles, "the release", place.pointer.exists(), "Play release.yml."):
        value = client("ssm").get_parameter(Name=wanted.pointer_parameter)["Parameter"]["Value"].strip()
        if not VERSION.match(value):
            troubles.append(f"The parameter {wanted.pointer_parameter} names no version. The pointer is as it was.")
            return troubles
        if wanted.artifacts_bucket and not place.installed(value):
            _artifact(wanted.artifacts_bucket, value, place.artifacts)
        write(place.pointer, f"{value}\n", 0o644)
    return troubles


def _artifact(bucket: str, version: str, into: Path) -> None:
    """Whether it may be installed is decided by its signature, later."""
    s3 = client("s3")
    for name in (f"proforma-{version}.tar", f"proforma-{version}.tar.sig"):
        aside = into / f".{name}.part"
        try:
            s3.download_file(bucket, name, str(aside))
            aside.replace(into / name)
        finally:
            aside.unlink(missing_ok=True)


def configuration(instance: Instance, place: Place) -> list[str]:
    """Playbooks first, the inventory last: where it stands, all that it needs is there. Returns as `secrets`."""
    troubles: list[str] = []
    os.environ.setdefault("AWS_DEFAULT_REGION", instance.region)
    inventory = place.boot / "inventory.json"
    with _noting(troubles, f"the configuration {instance.secret}", inventory.exists(), "Play appliance.yml."):
        given = _configuration(_text(client("secretsmanager").get_secret_value(SecretId=instance.secret)), instance)
        _playbooks(instance.artifacts_bucket, given["object"], given["sha256"], place.boot)
        here = socket.gethostname()
        connection = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}
        groups: dict[str, Any] = {kind: {"hosts": {here: {}}} for kind in instance.kinds}
        write(inventory, json.dumps({"all": {"children": groups, "vars": given["variables"] | connection}}))
    return troubles


def _configuration(text: str, instance: Instance) -> dict[str, Any]:
    """Raises UselessError."""
    try:
        given = json.loads(text)
        kinds, _, _, _ = (given[name] for name in ("kinds", "object", "sha256", "variables"))
    except (ValueError, KeyError, TypeError) as error:
        raise UselessError("it is not what playbooks/appliance.yml stores there") from error
    if sorted(kinds) != sorted(instance.kinds):
        raise UselessError(f"it is for {' and '.join(kinds)}, and this host is {' and '.join(instance.kinds)}")
    return dict(given)


def _playbooks(bucket: str, name: str, sha256: str, into: Path) -> None:
    """Unpacked only when they are, byte for byte, what the secret states. Raises UselessError."""
    aside, tree = into / ".playbooks.part", into / "tree"
    try:
        client("s3").download_file(bucket, name, str(aside))
        if hashlib.sha256(aside.read_bytes()).hexdigest() != sha256:
            raise UselessError(f"{name} in the bucket {bucket} is not what it states (SHA-256)")
        shutil.rmtree(tree, ignore_errors=True)
        with tarfile.open(aside) as packed:
            packed.extractall(tree, filter="data")
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def _noting(troubles: list[str], what: str, there: bool, anew: str) -> Any:
    """`anew`: what brings one that can be used."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    kept = "The one that is there stays." if there else "There is none yet."
    try:
        yield
    except UselessError as error:
        troubles.append(f"Cannot use {what}: {error}. {kept} {anew}")
    except OSError as error:
        cause = error.strerror or type(error).__name__
        troubles.append(f"Cannot write {what} ({cause}). {kept} Look at the disk and at the directory's rights.")
    except (BotoCoreError, ClientError, Boto3Error) as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "") or type(error).__name__
        remedy = f"Check its id, the instance's role and the way to AWS's endpoint. If it was never stored: {anew}"
        troubles.append(f"Cannot fetch {what} ({code}). {kept} {remedy}")


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file; a crash leaves the old or the new one."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except OSError:
        Path(aside).unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Settings:
    """Where they are, how they are read, and what to do when they are damaged."""

    path: str
    read: Callable[[Path], Any]
    remedy: str


CLOUD = Settings("/etc/proforma/cloud.json", Wanted.read, "Play the role release again.")
BOOT = Settings("/etc/proforma/boot.json", Instance.read, "Is the user data that of Terraform?")
COMMANDS: dict[str, tuple[Settings, Callable[[Any, Place], list[str]]]] = {
    "secrets": (CLOUD, secrets),
    "release": (CLOUD, release),
    "configuration": (BOOT, configuration),
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="proforma-cloud", description="Fetch what this host needs from AWS.")
    parser.add_argument("what", choices=sorted(COMMANDS))
    parser.add_argument("--settings", type=Path, help="default: /etc/proforma/cloud.json, or boot.json")
    parser.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    settings, fetch = COMMANDS[given.what]
    path = given.settings or Path(settings.path)
    try:
        wanted = settings.read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{path} cannot be used: {error}. {settings.remedy}\n")
        return 78
    troubles = fetch(wanted, Place(given.root))
    sys.stderr.write("".join(f"{line}\n" for line in troubles))
    return 69 if troubles else 0


if __name__ == "__main__":
    raise SystemExit(main())
