"""One way into a change: who, whether they may, the lock, and the database's own refusals as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError

from portal.accounts.access import Permission, person, require
from portal.audit.services import acting, refusal_words
from portal.domain.errors import InputError, StateError
from portal.domain.states import EDITABLE, State
from portal.proformas.models import Proforma


@contextmanager
def changing(proforma: Proforma, permission: Permission, actor: str, reason: str = "") -> Iterator[Proforma]:
    """The locked row, inside one recorded transaction. Raises AccessError, or StateError when a guard refuses."""
    require(person(actor), permission)
    try:
        with acting(actor, reason):
            yield Proforma.objects.select_for_update(of=("self",)).get(pk=proforma.pk)
    except DatabaseError as error:
        raise _as_state_error(error) or error from None
    proforma.refresh_from_db()


@contextmanager
def editing(proforma: Proforma, actor: str, reason: str) -> Iterator[Proforma]:
    """`changing` for lines and boxes: needs a reason and an editable state."""
    if not reason.strip():
        raise InputError("A reason is missing.", where="reason", kept="Nothing was changed.", remedy="Say why.")
    with changing(proforma, Permission.EDIT, actor, reason.strip()) as locked:
        if State(locked.state) not in EDITABLE:
            raise StateError(
                f"A proforma that is {locked.state_label} cannot be edited.",
                kept="Nothing was changed.",
                remedy="Send it back first." if locked.state == State.APPROVED else "A later month corrects it.",
            )
        yield locked


def _as_state_error(error: DatabaseError) -> StateError | None:
    words = refusal_words(error)
    return StateError(words[0], kept="Nothing was changed.", remedy=words[1]) if words else None
