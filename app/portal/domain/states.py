"""The states of a proforma as a table; a move that is not in it is refused."""

from __future__ import annotations

from enum import StrEnum

from portal.domain.errors import StateError


class State(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    ISSUED = "issued"


class Move(StrEnum):
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    ISSUE = "issue"


MOVES: dict[tuple[State, Move], State] = {
    (State.DRAFT, Move.SUBMIT): State.IN_REVIEW,
    (State.IN_REVIEW, Move.SEND_BACK): State.DRAFT,
    (State.IN_REVIEW, Move.APPROVE): State.APPROVED,
    (State.APPROVED, Move.SEND_BACK): State.DRAFT,
    (State.APPROVED, Move.ISSUE): State.ISSUED,
}
EDITABLE = frozenset({State.DRAFT, State.IN_REVIEW})


def after(state: State, move: Move) -> State:
    """The state that a move leads to. Raises StateError for a move that the table does not hold."""
    try:
        return MOVES[(state, move)]
    except KeyError:
        possible = ", ".join(m.value.replace("_", " ") for s, m in MOVES if s is state) or "nothing: it is final"
        raise StateError(
            f"A proforma that is {state.value.replace('_', ' ')} cannot be moved by '{move.value.replace('_', ' ')}'.",
            kept="Nothing was changed.",
            remedy=f"Possible now: {possible}.",
        ) from None
