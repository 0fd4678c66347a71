"""What ends a rehearsal."""

from __future__ import annotations


class RehearsalError(Exception):
    """A step failed; the text says which, why, and what to look at."""


class MissingError(RehearsalError):
    """This machine lacks what a rehearsal needs; the text says what, and how it comes."""


class LostAnswerError(RehearsalError):
    """moto made something, and its answer was lost: asked again, it says that there is such a thing already."""
