"""Whether the database answers and is as new as this release."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrations_missing() -> bool:
    """True when the tables are older than the code. Raises DatabaseError when the database does not answer."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
