"""What an instance that an auto-scaling group makes configures itself by: an object in S3, and a secret that names it.

    python -m scripts.boot_configuration put --kinds portal worker --secret ID --bucket NAME < variables.json

The object `configuration/SHA256.tar.gz` holds playbooks, roles and the files that variables name; the same
sources make the same bytes. The secret is JSON `{kinds, object, sha256, variables}`: whoever can change the bucket
alone can change nothing that a host plays. Played by the role `release` (tasks/boot_configuration.yml); the host's half
is scripts/proforma_cloud/fetch.py. Exit codes: 0 stored; 65 refused, nothing was stored; 69 AWS did not take it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_collections  # type: ignore[import-untyped]
import boto3
import yaml
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[1]
UNPACKED = "/run/proforma-boot/tree"
"""where the host unpacks it"""
EVERY = ("base", "hardening", "firewall", "database_client", "release", "backup", "observability")
SOURCES = (
    *("ansible/ansible.cfg", "ansible/playbooks/**/*", "ansible/roles/**/*"),
    *("scripts/operations/**/*.py", "scripts/proforma_install/*.py"),
)
FILES = ("portal_certificate", "database_client_ca", "appliance_release_public_keys", "backup_trusted_keys")
"""variables that name files of the controller: those files go with them"""
LEFT_OUT = ("release_artifacts", "base_local_packages", "release_boot_configuration", "release_migrates")
"""variables that a host which configures itself has no use for; whether it migrates follows from its being alone"""
LARGEST = 64 * 1024
"""bytes of a secret, https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html"""


class RefusedError(Exception):
    """Nothing was stored; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """`packed`: the object's bytes; `variables`: as the host will have them."""

    packed: bytes
    variables: Mapping[str, Any]
    kinds: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.packed).hexdigest()

    @property
    def object(self) -> str:
        return f"configuration/{self.sha256[:16]}.tar.gz"

    def secret(self) -> str:
        """Raises RefusedError when it is too large to be one."""
        document = {"kinds": self.kinds, "object": self.object, "sha256": self.sha256, "variables": self.variables}
        text = json.dumps(document, sort_keys=True)
        if len(text.encode()) > LARGEST:
            raise RefusedError(f"The variables are longer than the {LARGEST} bytes of a secret.")
        return text


def names(kinds: Sequence[str]) -> list[str]:
    """Variables of the roles that a host of these kinds plays, from their argument_specs."""
    found: set[str] = set()
    for role in (*EVERY, *kinds):
        described = yaml.safe_load((ROOT / f"ansible/roles/{role}/meta/argument_specs.yml").read_text())
        found |= described["argument_specs"]["main"]["options"].keys()
    return sorted(found - set(LEFT_OUT))


def made(given: Mapping[str, Any], kinds: Sequence[str]) -> Configuration:
    """`given`: variables, resolved by the playbook; what is no role's variable is left out. Raises RefusedError."""
    variables = {name: given[name] for name in names(kinds) if name in given}
    _plain(variables, "")
    variables["release_migrates"] = len(kinds) > 1
    files = dict(_sources())
    if not Path(variables.get("backup_trusted_keys", "")).is_dir():
        variables.pop("backup_trusted_keys", None)  # no host has made a key yet
    for name in FILES:
        if variables.get(name):
            variables[name] = f"{UNPACKED}/given/{name}"
            files |= {f"given/{name}{rest}": path for rest, path in _files(name, Path(given[name]))}
    return Configuration(_packed(files), variables, tuple(kinds))


def _plain(value: Any, where: str) -> None:
    """Ansible would resolve it once more on the host. Raises RefusedError."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            _plain(one, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            _plain(one, f"{where}[{at}]")
    elif isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#")):
        raise RefusedError(f"{where} holds a mark of templates ({{{{, {{% or {{#). Choose a value without.")


def _sources() -> Iterator[tuple[str, Path]]:
    for pattern in SOURCES:
        for path in ROOT.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(ROOT)), path
    posix = next(Path(one) / "ansible/posix" for one in ansible_collections.__path__)
    for pattern in ("plugins/**/*.py", "meta/*", "MANIFEST.json"):
        for path in posix.glob(pattern):
            yield f"collections/ansible_collections/ansible/posix/{path.relative_to(posix)}", path


def _files(name: str, there: Path) -> Iterator[tuple[str, Path]]:
    """Raises RefusedError for a file that is not there or holds a private key: the bucket is no safe."""
    found = sorted(there.iterdir()) if there.is_dir() else [there]
    for path in found:
        if not path.is_file():
            raise RefusedError(f"{name} names {path}, which is no file.")
        if b"PRIVATE KEY" in path.read_bytes():
            raise RefusedError(f"{name} names {path}, which holds a private key.")
        yield f"/{path.name}" if there.is_dir() else "", path


def _packed(files: Mapping[str, Path]) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, path in sorted(files.items()):
            data = path.read_bytes()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def put(configuration: Configuration, secret: str, bucket: str) -> bool:
    """The object first: the secret never names one that is not there. False when all was as it is."""
    text = configuration.secret()
    s3, manager = boto3.client("s3"), boto3.client("secretsmanager")
    try:
        if manager.get_secret_value(SecretId=secret)["SecretString"] == text:
            return False
    except manager.exceptions.ResourceNotFoundException:
        pass  # a secret without a version yet; one that is not there at all is told below
    s3.put_object(Bucket=bucket, Key=configuration.object, Body=configuration.packed)
    manager.put_secret_value(SecretId=secret, SecretString=text)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.boot_configuration",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    names_ = commands.add_parser("names", help="variables that go with it")
    put_ = commands.add_parser("put", help="store it; variables as JSON on standard input")
    for command in (names_, put_):
        command.add_argument("--kinds", nargs="+", choices=("portal", "worker"), required=True)
    put_.add_argument("--secret", required=True, help="id or ARN in Secrets Manager")
    put_.add_argument("--bucket", required=True, help="of releases and configurations")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    if given.command == "names":
        sys.stdout.write(json.dumps(names(given.kinds)) + "\n")
        return 0
    try:
        stored = put(made(json.load(sys.stdin), given.kinds), given.secret, given.bucket)
    except (RefusedError, ValueError, OSError) as error:
        sys.stderr.write(f"The configuration of hosts that boot was not stored: {error}\n")
        return 65
    except (BotoCoreError, ClientError, Boto3Error) as error:
        sys.stderr.write(f"AWS did not take it, and the one before stays: {error}\nMay you write {given.secret}?\n")
        return 69
    sys.stdout.write("stored\n" if stored else "as it was\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
