"""Forms that were carried out."""

from __future__ import annotations

from django.db import models

from portal.lib import clock


class Submission(models.Model):
    """The token of a form that was carried out; kept for two days."""

    token = models.UUIDField(primary_key=True)
    at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return str(self.token)
