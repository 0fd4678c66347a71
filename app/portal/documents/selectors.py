"""Reads of renderings and documents."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.documents.models import Document, Rendering
from portal.lib import work
from portal.proformas.models import Proforma
from portal.proformas.selectors import issued

IDOC = "idoc"
"""the key of portal.adapters.EXPORTERS whose document goes to SAP"""


def documents_of(proforma: Proforma) -> QuerySet[Document]:
    """In the order in which they were made."""
    return Document.objects.filter(proforma=proforma).order_by("pk")


def document_get(pk: int) -> Document:
    """With its proforma and contract. Raises Document.DoesNotExist."""
    return Document.objects.select_related("proforma", "proforma__contract").get(pk=pk)


def document_of(proforma: Proforma, format: str) -> Document | None:
    return Document.objects.filter(proforma=proforma, format=format).first()


def rendering_of(proforma: Proforma) -> Rendering | None:
    return Rendering.objects.filter(proforma=proforma).first()


def renderings_due() -> QuerySet[Rendering]:
    return work.due(Rendering)


def unrendered() -> QuerySet[Proforma]:
    """Issued proformas whose rendering has not been ordered yet."""
    return issued().exclude(pk__in=Rendering.objects.values("proforma")).order_by("pk")


def idocs_rendered() -> QuerySet[Document]:
    """IDocs of proformas of which every document is there: what delivery may take up."""
    done = Rendering.objects.filter(state=work.DONE).values("proforma")
    rows = Document.objects.filter(format=IDOC, proforma__in=done)
    return rows.select_related("proforma", "proforma__contract", "proforma__contract__endpoint").order_by("pk")


def renderings_stopped() -> QuerySet[Rendering]:
    """Which go on only when a person asks for another try."""
    return Rendering.objects.filter(state=work.FAILED)
