"""/health: short, public, and true."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from portal.web import readiness
from portal.web.views import health


@pytest.mark.django_db
def test_a_portal_that_can_work_says_ok_and_nothing_else() -> None:
    answer = Client().get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_tables_older_than_the_code_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "migrations_missing", lambda: True)
    assert Client().get("/health").status_code == 503


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Behind(MigrationExecutor):
        def migration_plan(self, targets: Any, clean_start: bool = False) -> Any:
            del self.loader.applied_migrations[("web", "0001_initial")]
            return super().migration_plan(targets, clean_start)

    monkeypatch.setattr("portal.web.readiness.MigrationExecutor", Behind)
    assert readiness.migrations_missing()


def test_a_database_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away() -> bool:
        raise OperationalError("connection refused by 10.1.2.3")

    monkeypatch.setattr(health, "migrations_missing", away)
    answer = Client().get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "database"})
