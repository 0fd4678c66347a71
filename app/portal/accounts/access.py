"""Who may do what: one table, deny by default."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from portal.accounts.models import Role, User
from portal.domain.errors import PortalError


class Permission(StrEnum):
    VIEW = "view"
    """see contracts, months, proformas and their documents"""
    PREPARE = "prepare"
    """start a month, decide about tickets, submit"""
    EDIT = "edit"
    """change lines and boxes while a proforma is not approved; whoever does may not approve it"""
    APPROVE = "approve"
    """approve, send back and issue what others prepared"""
    DELIVER = "deliver"
    """ask the receiver again, send again, note what the customer said about a document"""
    CONTRACTS = "contracts"
    """change customers, contracts, lines and rates"""
    AUDIT = "audit"
    """read the whole audit record"""
    USERS = "users"
    """make people and give roles"""
    CREDENTIALS = "credentials"
    """set credentials of customers' systems, which nobody can read back"""


PERMISSIONS: dict[Permission, frozenset[str]] = {
    Permission.VIEW: frozenset({Role.PREPARER, Role.APPROVER, Role.CONTRACT_MANAGER, Role.AUDITOR}),
    Permission.PREPARE: frozenset({Role.PREPARER}),
    Permission.EDIT: frozenset({Role.PREPARER, Role.APPROVER}),
    Permission.APPROVE: frozenset({Role.APPROVER}),
    Permission.DELIVER: frozenset({Role.PREPARER, Role.APPROVER}),
    Permission.CONTRACTS: frozenset({Role.CONTRACT_MANAGER}),
    Permission.AUDIT: frozenset({Role.AUDITOR}),
    Permission.USERS: frozenset({Role.ADMINISTRATOR}),
    Permission.CREDENTIALS: frozenset({Role.ADMINISTRATOR}),
}


class AccessError(PortalError):
    """This person's roles do not allow it."""

    code = "access.denied"


def may(user: Any, permission: Permission) -> bool:
    """False for anybody who is not signed in, not active, or without a fitting role; superuser means nothing here."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return not PERMISSIONS[permission].isdisjoint(user.roles)


def person(username: str) -> User:
    """The active person of that name. Raises AccessError."""
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise AccessError(f"There is no active person '{username}'.", kept="Nothing was changed.")
    return found


def require(user: Any, permission: Permission) -> None:
    """Raises AccessError unless the person may."""
    if not may(user, permission):
        needed = " or ".join(sorted(Role(role).label for role in PERMISSIONS[permission]))
        raise AccessError(
            "Your roles do not allow this.",
            kept="Nothing was changed.",
            remedy=f"It needs the role {needed}; an administrator gives roles.",
        )
