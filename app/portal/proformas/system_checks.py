"""System check of the person in whose name the calendar starts months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from portal.accounts.access import Permission, may
from portal.accounts.selectors import user_by_name


@register(Tags.database)
def schedule_actor_check(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Run by `check --database default`; nothing to say where months are started by people alone."""
    if "default" not in (databases or ()) or not settings.SCHEDULE_ACTOR:
        return []
    try:
        user = user_by_name(settings.SCHEDULE_ACTOR)
    except DatabaseError:  # before the first migration there are no people
        return []
    if not may(user, Permission.PREPARE):
        what = (
            f"PROFORMA_SCHEDULE_ACTOR is '{settings.SCHEDULE_ACTOR}', who is no active person with the role Preparer."
        )
        hint = "No month starts by itself until then. Make the person, or give the role, on the page People."
        return [Error(what, hint=hint, id="portal.E020")]
    if may(user, Permission.APPROVE):
        what = f"'{settings.SCHEDULE_ACTOR}' prepares every scheduled month and may therefore approve none of them."
        hint = "Use an account with the role Preparer alone, for example 'scheduler', that nobody signs in with."
        return [Warning(what, hint=hint, id="portal.W021")]
    return []
