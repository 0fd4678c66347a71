"""Backup and restore as hosts run them: one program each, Debian's PostgreSQL, age."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from scripts import postgres, rehearsal
from scripts.operations import pack
from scripts.operations.backup.configuration import Configuration
from tests.support.tools import tool

pytestmark = pytest.mark.slow
DOCUMENT = "PF-2026-000001/aa/PF-2026-000001.pdf"


@dataclass(frozen=True)
class Host:
    """A host's files below one directory, and its database server."""

    root: Path
    cluster: postgres.Cluster
    environment: dict[str, str]

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(self.root / "bin" / program), "--configuration", str(self.root / "b.json")]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=120)

    def restore(self, *arguments: str, key: str = "key") -> subprocess.CompletedProcess[str]:
        return self.run("proforma-restore", "--identity", str(self.root / key), *arguments)

    def made(self) -> Path:
        done = self.run("proforma-backup", "make")
        assert done.returncode == 0, done.stderr
        return sorted((self.root / "target").glob("2*Z"))[-1]

    def configure(self, **more: Any) -> None:
        manage = ["env", *(f"{k}={v}" for k, v in self.environment.items()), sys.executable, "app/manage.py"]
        base: dict[str, Any] = {name: str(self.root / name) for name in ("target", "state", "read_url", "owner_url")}
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


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    tool("age", package="age")
    with postgres.for_tests() as running:
        yield running


@pytest.fixture
def host(tmp_path: Path, cluster: postgres.Cluster) -> Host:
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
    manage(made, "migrate", "--verbosity", "0", as_owner=True)
    manage(made, "first_administrator", "anna", said="correct horse battery\n")
    return made


def manage(host: Host, *command: str, as_owner: bool = False, said: str = "") -> None:
    environment = os.environ | host.environment | ({"PROFORMA_AS_OWNER": "1"} if as_owner else {})
    done = subprocess.run(
        [sys.executable, "app/manage.py", *command], env=environment, input=said, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_what_was_wiped_comes_back_and_is_proven(host: Host) -> None:
    before = host.sql("SELECT id, sha256 FROM audit_entry ORDER BY id")
    host.made()
    host.wipe()
    done = host.restore()
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"whole": true' in done.stdout
    assert host.sql("SELECT id, sha256 FROM audit_entry ORDER BY id") == before
    assert (host.root / "documents" / DOCUMENT).read_bytes() == b"%PDF bytes"
    assert host.sql("SELECT username FROM accounts_user", role=postgres.APP) == [("anna",)]
    with pytest.raises(psycopg2.Error, match=r"append-only|permission denied"):
        host.sql("DELETE FROM audit_entry", role=postgres.APP)


def test_a_database_that_is_not_empty_is_not_overwritten_unless_told(host: Host) -> None:
    host.made()
    host.sql("SET proforma.actor = 'later'; UPDATE accounts_user SET first_name = 'newer'")
    refused = host.restore()
    assert (refused.returncode, "not empty" in refused.stderr, "--replace" in refused.stderr) == (65, True, True)
    assert host.sql("SELECT first_name FROM accounts_user") == [("newer",)]
    assert host.restore("--replace").returncode == 0
    assert host.sql("SELECT first_name FROM accounts_user") == [("",)]


def test_nothing_of_a_backup_can_be_read_without_the_key(host: Host) -> None:
    backup = host.made()
    everything = b"".join(path.read_bytes() for path in backup.iterdir())
    assert b"hunter2" not in everything
    assert b"%PDF" not in everything
    wrong = host.restore("--replace", key="other")
    assert (wrong.returncode, "does not open" in wrong.stderr) == (65, True)
    assert host.sql("SELECT first_name FROM accounts_user") == [("",)]


@pytest.mark.parametrize("name", ["database.dump.age", "documents.tar.age"])
def test_a_backup_that_was_altered_is_refused(host: Host, name: str) -> None:
    path = host.made() / name
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    refused = host.restore("--replace")
    assert (refused.returncode, name in refused.stderr) == (65, True)


def test_a_backup_that_was_altered_together_with_its_manifest_leaves_the_database_as_it_was(host: Host) -> None:
    import hashlib

    backup = host.made()
    data = bytearray((backup / "database.dump.age").read_bytes())
    data[-20] ^= 1
    (backup / "database.dump.age").write_bytes(data)
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["files"]["database.dump.age"]["sha256"] = hashlib.sha256(data).hexdigest()
    (backup / "manifest.json").write_text(json.dumps(manifest))
    refused = host.restore("--replace")
    assert refused.returncode == 65, refused.stderr
    assert host.sql("SELECT first_name FROM accounts_user") == [("",)]


def test_a_chain_that_ends_elsewhere_than_the_backup_says_is_not_proven(host: Host) -> None:
    backup = host.made()
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["database"]["audit_entries"] += 1
    (backup / "manifest.json").write_text(json.dumps(manifest))
    host.wipe()
    done = host.restore()
    assert (done.returncode, "Do not start the portal" in done.stderr) == (78, True)


def test_a_failed_backup_leaves_nothing_and_the_status_keeps_the_last_good_one(host: Host) -> None:
    good = host.made()
    (host.root / "read_url").write_text("postgres://nobody:wrong@127.0.0.1:9/proforma\n")
    failed = host.run("proforma-backup", "make")
    assert failed.returncode == 69
    assert "wrong" not in failed.stderr
    assert [path.name for path in (host.root / "target").iterdir()] == [good.name]
    status = host.status()
    assert (status["last_run"]["ok"], status["last_good"]["name"]) == (False, good.name)


def test_a_target_that_should_be_mounted_and_is_not_is_refused(host: Host) -> None:
    host.configure(target_must_be_mounted=True)
    refused = host.run("proforma-backup", "make")
    assert (refused.returncode, "not mounted" in refused.stderr) == (65, True)


def test_a_private_key_among_the_recipients_is_refused(host: Host) -> None:
    (host.root / "recipients").write_text((host.root / "key").read_text())
    refused = host.run("proforma-backup", "make")
    assert (refused.returncode, "private key" in refused.stderr) == (65, True)
    assert "AGE-SECRET" not in refused.stderr


def test_settings_come_without_the_keys_that_stay_on_their_host(host: Host) -> None:
    host.made()
    done = host.restore("--only", "settings", "--into", str(host.root / "look"), "--no-verify")
    assert done.returncode == 0, done.stderr
    found = {path.name: path.read_text() for path in (host.root / "look").rglob("*") if path.is_file()}
    assert found == {"secret": "hunter2"}


def test_a_document_with_other_bytes_is_not_replaced(host: Host) -> None:
    host.made()
    (host.root / "documents" / DOCUMENT).write_bytes(b"other")
    refused = host.restore("--only", "documents")
    assert (refused.returncode, DOCUMENT in refused.stderr) == (65, True)
    assert (host.root / "documents" / DOCUMENT).read_bytes() == b"other"


def test_a_check_opens_every_part_and_changes_nothing(host: Host) -> None:
    host.made()
    done = host.restore("--check")
    assert (done.returncode, done.stdout.count("opens")) == (0, 3)


def test_a_killed_run_leaves_no_backup_and_the_next_one_clears_up(host: Host) -> None:
    left = host.root / "target" / ".partial-20260101T000000Z"
    left.mkdir()
    (left / "database.dump.age").write_bytes(b"half")
    assert host.made().is_dir()
    assert not left.exists()


@pytest.mark.parametrize("manifest", ["{half", "[]", '{"format": 1, "files": []}', None])
def test_a_damaged_backup_is_named_and_kept_and_stops_no_other(host: Host, manifest: str | None) -> None:
    damaged = host.root / "target/20260101T000000Z"
    damaged.mkdir()
    if manifest is not None:
        (damaged / "manifest.json").write_text(manifest)
    good = host.made()
    listed = host.run("proforma-backup", "list")
    assert (listed.returncode, good.name in listed.stdout, damaged.name in listed.stdout) == (0, True, False)
    assert damaged.name in listed.stderr
    assert host.run("proforma-backup", "verify").returncode == 0
    assert host.run("proforma-backup", "prune").returncode == 0
    assert damaged.is_dir()


@pytest.mark.parametrize("name", ["portal.key", "portal.key.before"])
def test_no_key_of_tls_is_in_the_settings_even_while_it_is_renewed(name: str) -> None:
    assert any(fnmatch(f"/etc/proforma/tls/{name}", one) for one in Configuration().settings_left_out)


def test_when_space_is_short_expired_backups_go_first_and_the_newest_good_one_never(host: Host) -> None:
    host.configure(keep_months=0)
    newest = host.made()
    for name in ("20200101T000000Z", "20200102T000000Z"):
        shutil.copytree(newest, host.root / "target" / name)
    manifest = json.loads((newest / "manifest.json").read_text())
    manifest["files"]["database.dump.age"]["size"] = 10**16  # the next one would need as much; this one is not good
    (newest / "manifest.json").write_text(json.dumps(manifest))
    full = host.run("proforma-backup", "make")
    assert full.returncode == 73, full.stderr
    assert sorted(path.name for path in (host.root / "target").iterdir()) == ["20200102T000000Z", newest.name]
