"""`proforma-cloud secrets` and `proforma-cloud release`: run as root by units of systemd, before the portal's services.

secrets   each secret of cloud.json from Secrets Manager into CREDSTORE/proforma.NAME (0600), replaced in one step
release   the SSM parameter into the pointer file, and the artifact with its signature from S3 unless it is installed

What cannot be fetched leaves what is there: a host that was once set up boots although AWS does not answer. No value is
logged. Exit codes: 0 done; 69 something could not be fetched, the lines say what and what was kept; 78 cloud.json is
damaged.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
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
        with _noting(troubles, f"secret {name}", target.exists()):
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
    with _noting(troubles, "the release", place.pointer.exists()):
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


@contextlib.contextmanager
def _noting(troubles: list[str], what: str, there: bool) -> Any:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    kept = "The one that is there stays." if there else "There is none yet."
    try:
        yield
    except UselessError as error:
        troubles.append(f"Cannot use {what}: {error}. {kept} Store it anew in Secrets Manager.")
    except OSError as error:
        cause = error.strerror or type(error).__name__
        troubles.append(f"Cannot write {what} ({cause}). {kept} Look at the disk and at the directory's rights.")
    except (BotoCoreError, ClientError, Boto3Error) as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "") or type(error).__name__
        remedy = "Check the id in cloud.json, the instance's role and the way to the endpoint of AWS."
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


COMMANDS = {"secrets": secrets, "release": release}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="proforma-cloud", description="Fetch what this host needs from AWS.")
    parser.add_argument("what", choices=sorted(COMMANDS))
    parser.add_argument("--settings", type=Path, default=Path("/etc/proforma/cloud.json"))
    parser.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        wanted = Wanted.read(given.settings)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{given.settings} cannot be used: {error}. Play the role release again.\n")
        return 78
    troubles = COMMANDS[given.what](wanted, Place(given.root))
    sys.stderr.write("".join(f"{line}\n" for line in troubles))
    return 69 if troubles else 0


if __name__ == "__main__":
    raise SystemExit(main())
