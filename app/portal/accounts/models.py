"""People who sign in, and their roles."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Role(models.TextChoices):
    PREPARER = "preparer", "Preparer"
    APPROVER = "approver", "Approver"
    CONTRACT_MANAGER = "contract_manager", "Contract manager"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class User(AbstractUser):
    """A person. The user name stands in audit entries and approvals, so the database refuses to change it."""

    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list, blank=True)

    class Meta:
        ordering = ["username"]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username
