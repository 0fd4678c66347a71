"""The database's roles on Aurora: made by a master who is no superuser, and enough for a release and its backups."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scripts import postgres, rehearsal

FILES = Path("ansible/roles/database_client/files")
MASTER = {"username": "proforma_master", "password": "made by: RDS\\"}
ROLES = {"owner": "proforma_owner", "app": "proforma_app", "backup": "proforma_backup"}

pytestmark = pytest.mark.slow


class Aurora(postgres.Cluster):
    """As RDS leaves one: the database belongs to a master who makes roles and databases, and is no superuser."""

    def _start(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "database")]), datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        (self._data / "server.crt").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
        private = self._data / "server.key"
        private.write_bytes(key.private_bytes(pem, kind, serialization.NoEncryption()))
        private.chmod(0o600)
        os.chown(private, self._account.get("user", os.geteuid()), -1)
        super()._start()

    def _create_roles(self) -> None:
        with closing(self.superuser()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(
                "CREATE ROLE proforma_master LOGIN CREATEROLE CREATEDB PASSWORD %(password)s; "
                "GRANT pg_read_all_data TO proforma_master WITH ADMIN OPTION",
                MASTER,
            )
            cursor.execute("CREATE DATABASE proforma OWNER proforma_master")

    def address(self, role: str, password: str) -> str:
        return f"postgres://{role}:{password}@127.0.0.1:{self.port}/proforma?sslmode=require&connect_timeout=10"

    def logged(self) -> str:
        return self._log.read_text()


@pytest.fixture
def aurora() -> Iterator[Aurora]:
    settings = {"ssl": "on", "log_statement": "all"}
    cluster = Aurora(postgres.debian_binaries(), postgres.FOR_TESTS | settings)
    with cluster:
        yield cluster


def given(aurora: Aurora) -> dict[str, Any]:
    addresses = {name: aurora.address(role, f"a%2Fsecret%3A{name}") for name, role in ROLES.items()}
    return addresses | {"master": MASTER}


def made(given: dict[str, Any], place: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(FILES / "proforma-database-roles"), "--sql", str(FILES / "roles.sql")]
    environment = {"RUNTIME_DIRECTORY": str(place)}
    return subprocess.run(
        command, env=environment, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60
    )


def asked(address: str, statement: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_release_migrates_the_portal_may_no_more_than_it_should_and_backups_read(
    aurora: Aurora, tmp_path: Path
) -> None:
    roles = given(aurora)
    done = made(roles, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "changed: proforma_owner, proforma_app, proforma_backup\n"
    (tmp_path / "state").mkdir()
    environment = rehearsal.foreign_free(os.environ) | rehearsal.settings(tmp_path / "state")
    environment |= {"PROFORMA_DATABASE_URL": roles["app"], "PROFORMA_MIGRATION_DATABASE_URL": roles["owner"]}
    manage = [sys.executable, "app/manage.py", "migrate", "--no-input"]
    migrated = subprocess.run(manage, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert migrated.returncode == 0, migrated.stderr
    look = runpy.run_path(str(FILES / "proforma-database-check"))["QUERY"]
    assert asked(roles["app"], look) == []
    assert asked(roles["app"], "SELECT count(*) FROM audit_entry") == [(0,)]
    assert asked(roles["backup"], "SELECT count(*) FROM audit_entry") == [(0,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        asked(roles["backup"], "DELETE FROM audit_entry")
    again = made(roles, tmp_path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "as it was\n", "")


def test_passwords_follow_the_secrets(aurora: Aurora, tmp_path: Path) -> None:
    assert made(given(aurora), tmp_path).returncode == 0
    newer = given(aurora) | {"app": aurora.address("proforma_app", "another")}
    done = made(newer, tmp_path)
    assert (done.returncode, done.stdout) == (0, "changed: proforma_app\n"), done.stderr
    assert asked(newer["app"], "SELECT 1") == [(1,)]


def test_the_server_never_hears_a_password_that_its_log_would_keep(aurora: Aurora, tmp_path: Path) -> None:
    assert made(given(aurora), tmp_path).returncode == 0
    assert "ALTER ROLE proforma_owner" in aurora.logged()
    assert "a/secret:" not in aurora.logged()
    assert not list(tmp_path.iterdir())


def test_a_role_that_may_more_than_it_needs_is_told(aurora: Aurora, tmp_path: Path) -> None:
    with closing(aurora.superuser()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(
            "CREATE ROLE proforma_app LOGIN BYPASSRLS; GRANT proforma_app TO proforma_master WITH ADMIN OPTION"
        )
    done = made(given(aurora), tmp_path)
    assert done.returncode == 69
    assert "may more than they need: proforma_app" in done.stderr


def test_a_wrong_password_of_the_master_is_said_without_it(aurora: Aurora, tmp_path: Path) -> None:
    done = made(given(aurora) | {"master": MASTER | {"password": "stale"}}, tmp_path)
    assert done.returncode == 69
    assert "password authentication failed" in done.stderr
    assert "stale" not in done.stderr + done.stdout


def test_an_address_of_another_role_changes_nothing(aurora: Aurora, tmp_path: Path) -> None:
    done = made(given(aurora) | {"app": aurora.address("proforma_owner", "x")}, tmp_path)
    assert (done.returncode, done.stdout) == (65, "")
    assert "not one of proforma_app" in done.stderr
