"""Which moves a proforma's page offers to whom. The services and the database decide; this only spares vain tries."""

from __future__ import annotations

from dataclasses import dataclass

from portal.accounts.access import Permission, may
from portal.accounts.models import User
from portal.domain.states import EDITABLE, MOVES, Move, State
from portal.proformas import selectors
from portal.proformas.models import Proforma

NEEDS = {
    Move.SUBMIT: Permission.PREPARE,
    Move.SEND_BACK: Permission.EDIT,
    Move.APPROVE: Permission.APPROVE,
    Move.ISSUE: Permission.APPROVE,
}


@dataclass(frozen=True, slots=True)
class Actions:
    """`four_eyes` says why an approver may not approve this one; `edit_warns` that editing would cost the approval."""

    moves: frozenset[str]
    edit: bool
    four_eyes: str = ""
    edit_warns: bool = False

    @property
    def any(self) -> bool:
        return bool(self.moves or self.edit or self.four_eyes)


def actions_for(user: User, proforma: Proforma) -> Actions:
    state = State(proforma.state)
    moves = {move for (start, move) in MOVES if start is state and may(user, NEEDS[move])}
    edit = state in EDITABLE and may(user, Permission.EDIT)
    involved = user.username in selectors.involved(proforma)
    four_eyes = "You prepared or edited it, so another approver has to approve it."
    if Move.APPROVE in moves and involved:
        return Actions(frozenset(moves - {Move.APPROVE}), edit, four_eyes)
    return Actions(frozenset(moves), edit, edit_warns=edit and may(user, Permission.APPROVE) and not involved)
