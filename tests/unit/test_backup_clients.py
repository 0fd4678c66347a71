"""Which of PostgreSQL's clients have the fix of CVE-2025-8714, by what they say of their version."""

from __future__ import annotations

import pytest

from scripts.operations.backup.guarding import fixed


@pytest.mark.parametrize("said", [
    "psql (PostgreSQL) 17.6 (Debian 17.6-0+deb13u1)", "psql (PostgreSQL) 16.10", "pg_restore (PostgreSQL) 15.14",
    "psql (PostgreSQL) 14.19", "psql (PostgreSQL) 13.22", "psql (PostgreSQL) 18.0", "psql (PostgreSQL) 19.1",
])  # fmt: skip
def test_these_have_it(said: str) -> None:
    assert fixed(said)


@pytest.mark.parametrize("said", [
    "psql (PostgreSQL) 17.5 (Debian 17.5-1)", "psql (PostgreSQL) 16.9", "psql (PostgreSQL) 15.13",
    "psql (PostgreSQL) 14.18", "psql (PostgreSQL) 13.21", "psql (PostgreSQL) 12.22", "psql (PostgreSQL) 9.6",
    "psql (PostgreSQL) 18beta1", "psql (PostgreSQL) 19devel", "", "Error: You must install a client",
])  # fmt: skip
def test_these_lack_it_or_cannot_be_read(said: str) -> None:
    assert not fixed(said)
