"""What ends a rehearsal."""

from __future__ import annotations


class RehearsalError(Exception):
    """A step failed; the text says which, why, and what to look at."""
