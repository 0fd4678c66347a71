"""Every test that touches the database does so as the application's role, as production does.

The test database is made and migrated as the owner; then the connection changes to the role that owns nothing, so that
a missing grant or a guard that can be walked around shows in every test.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import psycopg2
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg2 import sql

from tests.support.live_request_tracker import live_request_tracker  # noqa: F401  one for all tests of a run

# A busy machine is no finding, and continuous integration looks at the same examples each time.
hypothesis_settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=os.environ.get("CI") == "true"
)
hypothesis_settings.load_profile("house")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,  # one database a worker of pytest-xdist
    django_db_blocker: Any,
) -> Iterator[None]:
    from django.db import connection
    from django.test import TransactionTestCase

    if "PROFORMA_MIGRATION_DATABASE_URL" not in os.environ:
        pytest.fail("These tests need PostgreSQL: run them by ./scripts/test or ./scripts/with-postgres.")
    owner = environ.Env.db_url_config(os.environ["PROFORMA_MIGRATION_DATABASE_URL"])
    application = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD")}
    with django_db_blocker.unblock():
        _become(owner)
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        _become(application)
        TransactionTestCase._fixture_teardown = lambda _self: _empty_as_owner(owner)  # type: ignore[attr-defined]
        yield
        _become(owner)
        connection.creation.destroy_test_db("proforma", verbosity=0)


def _become(role: dict[str, Any]) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict.update(USER=role["USER"], PASSWORD=role["PASSWORD"])


def _empty_as_owner(owner: dict[str, Any]) -> None:
    """What the application cannot do: the owner lifts the guards, empties the tables, and puts the guards back."""
    from django.db import connection

    settings = connection.settings_dict
    tables = _own_tables()
    dsn = {"host": settings["HOST"], "port": settings["PORT"], "dbname": settings["NAME"]}
    with (
        psycopg2.connect(user=owner["USER"], password=owner["PASSWORD"], **dsn) as database,
        database.cursor() as cursor,
    ):
        for switch in ("DISABLE", "ENABLE"):
            for table in tables:
                cursor.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(table), sql.SQL(switch)))
            if switch == "DISABLE":
                names = sql.SQL(", ").join(map(sql.Identifier, tables))
                cursor.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
    database.close()


def _own_tables() -> list[str]:
    """Tables of the schema with a test's rows; a temporary table of this connection is none of them."""
    from django.db import connection

    kept = {"django_migrations", "django_content_type"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [name for (name,) in cursor.fetchall() if name not in kept]


@pytest.fixture
def directories(tmp_path: Path, settings: Any) -> Path:
    """Documents and credentials of one test."""
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.CREDENTIALS_DIR = tmp_path / "credentials"
    return tmp_path
