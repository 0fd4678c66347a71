"""The one clock; tests patch `now` here."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware and in UTC."""
    return datetime.now(UTC)
