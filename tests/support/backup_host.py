"""A host that backs up and restores: its files below one directory, its programs packed, its database server."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from scripts import postgres, rehearsal
from scripts.operations import pack
from tests.support.tools import tool

DOCUMENT = "PF-2026-000001/aa/PF-2026-000001.pdf"
NOBODY = "nobody"
"""whom PostgreSQL's programs run as in a restore: a machine of tests need not have the user that the role makes"""


@dataclass(frozen=True)
class Host:
    """A host's files below one directory, and its database server."""

    root: Path
    cluster: postgres.Cluster
    environment: dict[str, str]

    def run(self, program: str, *arguments: str, first: str = "") -> subprocess.CompletedProcess[str]:
        """first: a directory whose programs are found before the system's."""
        command = [sys.executable, "-I", str(self.root / "bin" / program), "--configuration", str(self.root / "b.json")]
        environment = os.environ | {"PATH": ":".join(filter(None, (first, os.environ["PATH"])))}
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def restore(self, *arguments: str, key: str = "key", first: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("proforma-restore", "--identity", str(self.root / key), *arguments, first=first)

    def made(self) -> Path:
        done = self.run("proforma-backup", "make")
        assert done.returncode == 0, done.stderr
        return sorted((self.root / "target").glob("2*Z"))[-1]

    @property
    def signing_key(self) -> Path:
        return self.root / "signing/key.pem"

    def rewrite(self, backup: Path, key: Ed25519PrivateKey | None = None, **values: Any) -> None:
        """Another manifest, signed by `key` or, as nobody else can, by the host's own."""
        manifest = json.loads((backup / "manifest.json").read_text()) | values
        manifest["files"] = {one.name: _stated(one) for one in sorted(backup.glob("*.age"))}
        (backup / "manifest.json").write_text(json.dumps(manifest))
        sign(backup, key or self.own_key())

    def own_key(self) -> Ed25519PrivateKey:
        own = load_pem_private_key(self.signing_key.read_bytes(), None)
        assert isinstance(own, Ed25519PrivateKey)
        return own

    def as_administrator(self, statement: str) -> None:
        """As PostgreSQL's superuser, whom none of the programs may be."""
        connection = self.cluster.superuser()
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def configure(self, **more: Any) -> None:
        manage = ["env", *(f"{k}={v}" for k, v in self.environment.items()), sys.executable, "app/manage.py"]
        base: dict[str, Any] = {name: str(self.root / name) for name in ("target", "state", "read_url", "owner_url")}
        base |= {"signing_key": str(self.signing_key), "trusted_keys": str(self.root / "trusted"), "user": NOBODY}
        base |= {"recipients": str(self.root / "recipients"), "documents_directory": str(self.root / "documents")}
        base |= {"settings": [str(self.root / "etc")], "settings_left_out": [str(self.root / "etc/tls/*.key")]}
        verify = [*manage, "audit_verify", "--json"]
        (self.root / "b.json").write_text(json.dumps(base | {"verify": verify} | more))

    def sql(self, statement: str, role: str = postgres.OWNER) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.cluster.url(role))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def wipe(self) -> None:
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
        for path in sorted((self.root / "documents").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "state" / "status.json").read_text())
        return found


def sign(backup: Path, key: Ed25519PrivateKey, *, name: str = "", prefix: bytes = b"proforma-backup-1\n") -> None:
    """By other code than that of the programs. name: the key that it is said to be of."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = base64.b64encode(key.sign(prefix + (backup / "manifest.json").read_bytes())).decode()
    said = {"key": name or hashlib.sha256(public).hexdigest()[:16], "signature": signature}
    (backup / "manifest.json.sig").write_text(json.dumps(said))


def _stated(path: Path) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size}


def cluster() -> Iterator[postgres.Cluster]:
    tool("age", package="age")
    with postgres.for_tests() as running:
        yield running


def prepared(tmp_path: Path, cluster: postgres.Cluster) -> Host:
    """Migrated, with one document, one secret and one person."""
    (tmp_path / "rehearsal").mkdir()
    environment = rehearsal.surroundings(tmp_path / "rehearsal", cluster)
    environment |= {"PROFORMA_DOCUMENTS_DIR": str(tmp_path / "documents"), "PYTHONPATH": "app"}
    made = Host(
        tmp_path, cluster, {k: v for k, v in environment.items() if k.startswith(("PROFORMA", "DJ", "PYTHONP"))}
    )
    made.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
    for name in ("target", "state", "documents/PF-2026-000001/aa", "etc/tls"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "documents" / DOCUMENT).write_bytes(b"%PDF bytes")
    (tmp_path / "etc/secret").write_text("hunter2")
    (tmp_path / "etc/tls/portal.key").write_text("stays here")
    for name in ("read_url", "owner_url"):
        (tmp_path / name).write_text(cluster.url(postgres.OWNER) + "\n")
    for name in ("key", "other"):
        subprocess.run(["age-keygen", "-o", str(tmp_path / name)], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", str(tmp_path / "key")], check=True, capture_output=True, text=True)
    (tmp_path / "recipients").write_text(public.stdout)
    pack.pack(tmp_path / "bin", ("proforma-backup", "proforma-restore"))
    made.configure()
    assert made.run("proforma-backup", "key").returncode == 0
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted/portal.pub.pem").write_bytes((tmp_path / "signing/public.pem").read_bytes())
    manage(made, "migrate", "--verbosity", "0", as_owner=True)
    manage(made, "first_administrator", "anna", said="correct horse battery\n")
    return made


def manage(host: Host, *command: str, as_owner: bool = False, said: str = "") -> None:
    environment = os.environ | host.environment | ({"PROFORMA_AS_OWNER": "1"} if as_owner else {})
    done = subprocess.run(
        [sys.executable, "app/manage.py", *command], env=environment, input=said, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
