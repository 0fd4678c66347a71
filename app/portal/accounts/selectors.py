"""Reads of people."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.accounts.models import Role, User


def users() -> QuerySet[User]:
    return User.objects.order_by("username")


def user_by_name(username: str) -> User | None:
    return User.objects.filter(username=username).first()


def administrators() -> list[User]:
    """Active ones."""
    return list(users().filter(roles__contains=[Role.ADMINISTRATOR], is_active=True))
