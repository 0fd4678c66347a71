"""Reading the audit record, and proving that it is whole."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, QuerySet

from portal.audit.models import Entry
from portal.domain.errors import Problem


def entries_of(table: str, pk: int | str) -> QuerySet[Entry]:
    """Entries of a row and of the rows that belong to it, oldest first."""
    return Entry.objects.filter(Q(subject=table, subject_id=str(pk)) | Q(parent=f"{table}:{pk}"))


def entries_recent() -> QuerySet[Entry]:
    """All entries, newest first."""
    return Entry.objects.order_by("-id")


def chain_problems() -> list[Problem]:
    """Entries whose hash or predecessor does not fit, and gaps in the numbers; empty when the record is whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM (SELECT e.*, lag(id) OVER w AS last_id, lag(sha256) OVER w AS last_sha256"
            " FROM audit_entry e WINDOW w AS (ORDER BY id)) e"
            " WHERE id <> coalesce(last_id, 0) + 1 OR previous_sha256 <> coalesce(last_sha256, '')"
            " OR sha256 <> audit_sha256(previous_sha256, id, at, actor, action, subject, subject_id, parent, reason,"
            " changes) ORDER BY id"
        )
        return [
            Problem(
                "audit.broken",
                f"Audit entry {pk} or the one before it was altered or removed.",
                where=f"audit_entry {pk}",
                remedy="Keep the database as it is, compare with a backup, and find out who owns the tables.",
            )
            for (pk,) in cursor.fetchall()
        ]
