"""Rules that the database holds, as operations for the migrations of the apps above."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations import RunSQL

WORK_UNIT_PROGRESS = (
    "due_at",
    "lease_until",
    "attempt",
    "failures",
    "step",
    "progress_done",
    "progress_total",
    "peak_mb",
    "started_at",
    "finished_at",
)


def audited(
    table: str, *, ignore: Sequence[str] = (), secret: Sequence[str] = (), parent: str = "", actor: str = ""
) -> RunSQL:
    """Every insert, update and delete of a row leaves an entry.

    `ignore`: columns whose change alone leaves none (progress, leases). `secret`: columns recorded as '***'.
    `parent`: "table:column" of the row that this one belongs to. `actor`: who it was when nobody said so; without it
    a change outside `audit.services.acting` is refused.
    """
    arguments = f"'{','.join(ignore)}', '{','.join(secret)}', '{parent}', '{actor}'"
    return RunSQL(
        f"CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION audit_change({arguments})",
        f"DROP TRIGGER audited ON {table}",
    )


def append_only(table: str) -> RunSQL:
    """No update, no delete, no truncate, by anybody who does not own the table and drop the trigger."""
    return RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION refuse_change('append-only');"
        f"{_no_truncate(table)}",
        f"DROP TRIGGER append_only ON {table}; DROP TRIGGER no_truncate ON {table}",
    )


def kept(table: str) -> RunSQL:
    """Rows change, but none is ever deleted."""
    return RunSQL(
        f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change('kept for ever');"
        f"{_no_truncate(table)}",
        f"DROP TRIGGER kept ON {table}; DROP TRIGGER no_truncate ON {table}",
    )


def no_truncate(table: str) -> RunSQL:
    """Rows may leave one by one (and be recorded), never all at once."""
    return RunSQL(_no_truncate(table), f"DROP TRIGGER no_truncate ON {table}")


def _no_truncate(table: str) -> str:
    return (
        f"CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('append-only')"
    )
