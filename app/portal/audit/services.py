"""Say who acts; the database writes the audit lines in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.db import DatabaseError, connection, transaction

WORKER = "worker"
RULE_BROKEN = "23000"  # integrity_constraint_violation itself, which only the guards raise


@contextmanager
def acting(actor: str, reason: str = "") -> Iterator[None]:
    """One transaction in which every change is recorded as made by `actor` for `reason`.

    Without it the database refuses changes of audited tables.
    """
    with transaction.atomic():
        before = _context()
        _set_context(actor, reason)
        yield
        _set_context(*before)


def record(*, actor: str, action: str, subject: str, subject_id: str, **changes: Any) -> None:
    """An entry that is not the change of a row, for example a refused sign-in or a download."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (actor, action, subject, subject_id, parent, reason, changes)"
            " VALUES (%s, %s, %s, %s, '', '', %s)",
            [actor, action, subject, subject_id, json.dumps(changes, default=str)],
        )


def refusal_words(error: DatabaseError) -> tuple[str, str] | None:
    """What a guard of the database said (RAISE ... HINT), as (what, remedy); None when it was no guard."""
    cause = error.__cause__
    if not isinstance(cause, psycopg2.Error) or cause.pgcode != RULE_BROKEN:
        return None
    what = cause.diag.message_primary or "the database refused"
    return what[0].upper() + what[1:] + ".", cause.diag.message_hint or ""


def _context() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('proforma.actor', true), current_setting('proforma.reason', true)")
        row = cursor.fetchone()
    return row[0] or "", row[1] or ""


def _set_context(actor: str, reason: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('proforma.actor', %s, true), set_config('proforma.reason', %s, true)", [actor, reason]
        )
