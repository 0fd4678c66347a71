"""The append-only record of who changed what. The database writes, chains and guards it (migrations/0001)."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One change. `id` has no gaps and `sha256` covers the entry and its predecessor's, so a missing one shows.

    `changes`: for an update {field: [before, after]}, for an insert or delete {field: value}.
    """

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=63)
    """table, for example proformas_proforma"""
    subject_id = models.CharField(max_length=40)
    parent = models.CharField(max_length=80, blank=True, default="")
    """what the subject belongs to, for example proformas_proforma:12, so that a page can show one history"""
    reason = models.TextField(blank=True, default="")
    changes = models.JSONField()
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["subject", "subject_id"], name="audit_subject"),
            models.Index(fields=["parent"], name="audit_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.action} {self.subject}:{self.subject_id}"
