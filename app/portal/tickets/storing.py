"""Snapshots into the database: a new row only for new content, by COPY and one INSERT ... SELECT."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from portal.domain.tickets import Ticket
from portal.lib.bulk import copy_rows

_COLUMNS = (
    "source_key",
    "sha256",
    "number",
    "kind",
    "priority",
    "ticket_state",
    "opened_at",
    "resolved_at",
    "closed_at",
    "updated_at",
    "summary",
    "caller",
    "assignment_group",
    "problems",
)
_INCOMING = "CREATE TEMP TABLE IF NOT EXISTS incoming (LIKE tickets_snapshot) ON COMMIT DELETE ROWS"
_LOOSEN = "ALTER TABLE incoming ALTER id DROP NOT NULL, ALTER source_id DROP NOT NULL, ALTER read_at DROP NOT NULL"
# Known content is left alone.
_NEW = f"""
INSERT INTO tickets_snapshot (source_id, read_at, {", ".join(_COLUMNS)})
SELECT %s, %s, {", ".join(_COLUMNS)} FROM incoming
ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of the constants above
# One look into the index for each row: a planner that has no statistics yet would read the whole table for every page.
_MEMBERS = """
INSERT INTO tickets_collectedticket (collection_id, snapshot_id, carried_in)
SELECT %s, s.id, %s FROM incoming i CROSS JOIN LATERAL (
  SELECT id FROM tickets_snapshot
  WHERE source_id = %s AND source_key = i.source_key AND sha256 = i.sha256 LIMIT 1) s
ON CONFLICT DO NOTHING
"""


def snapshots_store(
    *, source_id: int, collection_id: int, tickets: Iterable[Ticket], read_at: datetime, carried_in: bool = False
) -> None:
    """Keep what was read and make it part of the collection, in one transaction. Running it twice changes nothing."""
    rows = [_row(ticket) for ticket in tickets]
    with transaction.atomic(), connection.cursor() as cursor:
        _prepare(cursor)
        copy_rows(cursor, "incoming", _COLUMNS, rows)
        cursor.execute(_NEW, [source_id, read_at])
        cursor.execute(_MEMBERS, [collection_id, carried_in, source_id])


def _prepare(cursor: object) -> None:
    """The temporary table lives as long as the connection; a second page finds it empty."""
    execute = cursor.execute  # type: ignore[attr-defined]
    execute("SELECT to_regclass('pg_temp.incoming')")
    if cursor.fetchone()[0] is None:  # type: ignore[attr-defined]
        execute(_INCOMING)
        execute(_LOOSEN)
    else:
        execute("DELETE FROM incoming")


def _row(ticket: Ticket) -> tuple[object, ...]:
    return (
        ticket.source_key,
        ticket.sha256(),
        ticket.number,
        ticket.kind,
        ticket.priority,
        ticket.state,
        ticket.opened_at,
        ticket.resolved_at,
        ticket.closed_at,
        ticket.updated_at,
        ticket.summary,
        ticket.caller,
        ticket.group,
        ticket.problems,
    )
