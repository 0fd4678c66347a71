"""Backup and restore as hosts run them: one program each, Debian's PostgreSQL, age."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import psycopg2
import pytest

from scripts import postgres
from scripts.operations.backup.configuration import Configuration
from tests.support import backup_host
from tests.support.backup_host import DOCUMENT, Host

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    yield from backup_host.cluster()


@pytest.fixture
def host(tmp_path: Path, cluster: postgres.Cluster) -> Host:
    return backup_host.prepared(tmp_path, cluster)


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


def test_a_dump_that_does_not_open_to_its_end_leaves_the_database_as_it_was(host: Host) -> None:
    path = (backup := host.made()) / "database.dump.age"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    host.rewrite(backup)
    refused = host.restore("--replace")
    assert (refused.returncode, "does not open" in refused.stderr, str(path) in refused.stderr) == (65, True, True)
    assert host.sql("SELECT first_name FROM accounts_user") == [("",)]


def test_a_chain_that_ends_elsewhere_than_the_backup_says_is_not_proven(host: Host) -> None:
    backup = host.made()
    stated = json.loads((backup / "manifest.json").read_text())["database"]
    host.rewrite(backup, database=stated | {"audit_entries": stated["audit_entries"] + 1})
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


def test_a_check_for_a_restore_refuses_a_database_that_the_restore_would_refuse(host: Host) -> None:
    host.made()
    refused = host.run("proforma-restore", "--check", "--target")
    assert (refused.returncode, "not empty" in refused.stderr, "restore_replace" in refused.stderr) == (65, True, True)
    assert host.run("proforma-restore", "--check", "--target", "--replace").returncode == 0
    assert host.sql("SELECT username FROM accounts_user") == [("anna",)]
    host.wipe()
    assert host.run("proforma-restore", "--check", "--target").returncode == 0


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
