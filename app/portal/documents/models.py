"""Rendered documents of issued proformas: bytes in the store, their SHA-256 here."""

from __future__ import annotations

from django.db import models

from portal.lib import clock
from portal.lib.work import WorkUnit
from portal.proformas.models import Proforma


class Rendering(WorkUnit):
    """The work of rendering one issued proforma in every format."""

    proforma = models.OneToOneField(Proforma, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"rendering of {self.proforma_id}"


class Document(models.Model):
    """One rendered file. Rows and bytes never change; a checksum that no longer fits is an error, not a new version."""

    proforma = models.ForeignKey(Proforma, models.PROTECT, related_name="+")
    format = models.CharField(max_length=20)
    """a key of portal.adapters.EXPORTERS"""
    name = models.CharField(max_length=80)
    media_type = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    storage_key = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["proforma", "format"], name="one_document_a_format")]

    def __str__(self) -> str:
        return self.name
