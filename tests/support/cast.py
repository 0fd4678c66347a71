"""The named people of the tests. Mallory may nothing, and must see nothing."""

from __future__ import annotations

from portal.accounts.models import Role, User
from portal.accounts.services import user_create

PASSWORD = "correct horse battery staple"
ROLES: dict[str, tuple[str, ...]] = {
    "petra": (Role.PREPARER,),
    "anton": (Role.APPROVER,),
    "clara": (Role.CONTRACT_MANAGER,),
    "ada": (Role.AUDITOR,),
    "axel": (Role.ADMINISTRATOR,),
    "mallory": (),
}
FULL_NAMES = {
    "petra": "Petra Preparer",
    "anton": "Anton Approver",
    "clara": "Clara Contract",
    "ada": "Ada Auditor",
    "axel": "Axel Administrator",
    "mallory": "Mallory Nobody",
}


def person_make(name: str) -> User:
    """One of the cast, made when it is not there yet."""
    known = User.objects.filter(username=name).first()
    if known is not None:
        return known
    return user_create(
        username=name, password=PASSWORD, roles=[str(r) for r in ROLES[name]], full_name=FULL_NAMES[name], actor="tests"
    )


def cast_make() -> dict[str, User]:
    """All of them, by user name."""
    return {name: person_make(name) for name in ROLES}
