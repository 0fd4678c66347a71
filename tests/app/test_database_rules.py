"""The rules that the database itself holds, tried as the application's role."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.models import User
from portal.accounts.services import user_create
from portal.audit.models import Entry
from portal.audit.selectors import chain_problems
from portal.audit.services import acting, record

pytestmark = pytest.mark.django_db

GUARDED = ["audit_entry", "proformas_proforma", "proformas_line", "tickets_snapshot", "documents_document"]


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", GUARDED)
def test_the_application_cannot_truncate(table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", ["delivery_delivery", "documents_rendering", "proformas_monthrun"])
def test_units_of_work_are_kept(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'kept'", [table])
        assert cursor.fetchone() == (1,)


def test_the_application_owns_no_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"])
def test_audit_entries_cannot_be_changed_or_deleted(statement: str) -> None:
    record(actor="ann", action="look", subject="test", subject_id="1")
    with pytest.raises(DatabaseError, match=r"permission denied|append-only"):
        execute(statement)


def test_a_change_without_an_actor_is_refused() -> None:
    with pytest.raises(DatabaseError, match="no actor"), transaction.atomic():
        User.objects.create(username="ghost")


def test_a_change_leaves_an_entry_in_the_same_transaction() -> None:
    with transaction.atomic():
        with acting("ann"):
            User.objects.create(username="ben")
        assert Entry.objects.filter(subject="accounts_user").count() == 1
        transaction.set_rollback(True)
    assert not Entry.objects.exists()


def test_a_password_is_recorded_as_changed_but_not_shown() -> None:
    user_create(username="ann", password="long enough for anybody", roles=["preparer"], actor="root")
    assert Entry.objects.get(subject="accounts_user").changes["password"] == "***"


def test_the_chain_is_whole_and_numbered_without_gaps() -> None:
    for number in range(3):
        record(actor="ann", action="look", subject="test", subject_id=str(number))
    assert list(Entry.objects.values_list("id", flat=True)) == [1, 2, 3]
    assert chain_problems() == []


def test_no_guard_can_be_deceived_by_a_table_of_the_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
            " AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=public, pg_temp']"
            " AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'internal')"
        )
        assert cursor.fetchall() == []


def test_a_table_of_the_session_does_not_take_the_audit_line() -> None:
    execute("CREATE TEMP TABLE audit_entry (LIKE public.audit_entry) ON COMMIT DROP")
    user_create(username="ann", password="long enough for anybody", roles=["preparer"], actor="root")
    execute("DROP TABLE pg_temp.audit_entry")
    assert Entry.objects.filter(subject="accounts_user").count() == 1
