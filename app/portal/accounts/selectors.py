"""Reads of people."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.accounts.models import User


def users() -> QuerySet[User]:
    return User.objects.order_by("username")


def user_by_name(username: str) -> User | None:
    return User.objects.filter(username=username).first()
