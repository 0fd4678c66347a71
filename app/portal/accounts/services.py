"""Writes of people and roles."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from portal.accounts.models import Role, User
from portal.audit.services import acting
from portal.domain.errors import InputError


def user_create(
    *, username: str, password: str, roles: Collection[str], actor: str, full_name: str = "", email: str = ""
) -> User:
    """A person who can sign in. Raises InputError for a taken name, an unknown role or a weak password."""
    _check_roles(roles)
    first, _, last = full_name.partition(" ")
    user = User(username=username, first_name=first, last_name=last, email=email, roles=sorted(roles))
    try:
        user.full_clean(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        raise InputError(" ".join(error.messages), where=f"user {username}", kept="No user was made.") from None
    user.set_password(password)
    with acting(actor):
        user.save(force_insert=True)
    return user


def user_set_roles(*, user: User, roles: Collection[str], actor: str) -> User:
    """Replace the roles. Nobody changes their own, so that no one person can both prepare and approve by a detour."""
    _check_roles(roles)
    if user.username == actor:
        raise InputError("Nobody changes their own roles.", where=f"user {actor}", remedy="Ask another administrator.")
    with acting(actor):
        user.roles = sorted(roles)
        user.save(update_fields=["roles"])
    return user


def user_set_active(*, user: User, active: bool, actor: str) -> User:
    """People are never deleted, since the record names them; they are switched off."""
    with acting(actor):
        user.is_active = active
        user.save(update_fields=["is_active"])
    return user


def _check_roles(roles: Collection[str]) -> None:
    if unknown := sorted(set(roles) - set(Role.values)):
        raise InputError(f"Unknown roles: {', '.join(unknown)}.", remedy=f"Known: {', '.join(Role.values)}.")


def user_set_password(*, user: User, password: str, actor: str) -> User:
    """A new password, by the person or by an administrator. Raises InputError for a weak one."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InputError(
            " ".join(error.messages), where=f"user {user.username}", kept="The old password stays."
        ) from None
    with acting(actor):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user
