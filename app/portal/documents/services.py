"""Render issued proformas in every format, keep the bytes, and read them back with proof."""

from __future__ import annotations

import logging

from django.db import transaction

from portal import adapters
from portal.accounts.access import Permission, person, require
from portal.audit.services import WORKER, acting
from portal.documents.models import Document, Rendering
from portal.documents.selectors import document_of, unrendered
from portal.domain.content import Content, Exported
from portal.domain.errors import InputError, PortalError, StateError
from portal.lib import work
from portal.lib.hashing import sha256_hex
from portal.lib.storage import store
from portal.proformas.content import content_build
from portal.proformas.models import Proforma
from portal.proformas.selectors import proforma_get

log = logging.getLogger(__name__)


class DocumentError(PortalError):
    """A document is not what its row or its proforma says."""

    code = "document.damaged"


def renderings_ensure() -> int:
    """Order the rendering of every issued proforma that has none; how many were ordered."""
    made = 0
    for proforma in unrendered():
        with acting(WORKER, "issued"):
            made += Rendering.objects.get_or_create(proforma=proforma)[1]
    return made


def rendering_run(pk: int) -> bool:
    """Render under a lease. False when there was nothing to claim; a failure stands in `problem`."""
    return work.run(Rendering, pk, _render)


def rendering_retry(*, rendering: Rendering, reason: str, actor: str) -> Rendering:
    """A person asks for another try after a failure. Documents that are there stay as they are."""
    require(person(actor), Permission.DELIVER)
    if not reason.strip():
        raise InputError("A reason is missing.", where="reason", kept="Nothing was changed.", remedy="Say why.")
    if rendering.state not in (work.FAILED, work.QUEUED):
        raise StateError(f"The rendering is {rendering.state}.", kept="Nothing was changed.", remedy="Wait for it.")
    with acting(actor, reason.strip()):
        work.requeue(rendering)
    return rendering


def document_read(document: Document) -> bytes:
    """The bytes, which are those that were rendered. Raises DocumentError or portal.lib.storage.StorageError."""
    data = store().get(document.storage_key)
    if len(data) != document.size or sha256_hex(data) != document.sha256:
        raise DocumentError(
            f"The stored file has {len(data)} bytes and not the checksum that was noted when it was made.",
            where=document.storage_key,
            kept=f"The row says {document.size} bytes, SHA-256 {document.sha256}.",
            remedy="Do not use it. Restore the file from the backup or from the bucket's versions.",
        )
    return data


def _render(unit: Rendering) -> None:
    proforma = proforma_get(unit.proforma_id)
    content = _content(proforma)
    failure: PortalError | None = None
    for done, (name, dotted) in enumerate(adapters.EXPORTERS.items()):
        work.update(unit, step=name, progress_done=done, progress_total=len(adapters.EXPORTERS))
        try:
            _document(proforma, content, name, dotted)
        except PortalError as error:  # one format that cannot be made does not keep people from the others
            failure = failure or error
    if failure is not None:
        raise failure
    with transaction.atomic():
        work.finish(unit, step="rendered", progress_done=len(adapters.EXPORTERS))


def _content(proforma: Proforma) -> Content:
    """What was issued. Raises DocumentError when the rows no longer say it."""
    content = content_build(proforma)
    if content.sha256() != proforma.content_sha256:
        raise DocumentError(
            "The rows of the issued proforma do not give the content hash that was taken when it was issued.",
            where=f"proforma {proforma.number}",
            kept="Nothing was rendered.",
            remedy="Rows or the program that reads them were altered; look at the audit record, then try again.",
            code="document.content_changed",
        )
    return content


def _document(proforma: Proforma, content: Content, name: str, dotted: str) -> None:
    """Make one document, or verify the one that is there: a second run never replaces what people may have sent."""
    if (existing := document_of(proforma, name)) is not None:
        document_read(existing)
        return
    made: Exported = adapters.load(dotted)(content)
    digest = sha256_hex(made.data)
    # The digest is part of the key: a file left by a worker that died before its row was written is never in the way.
    key = f"{proforma.number}/{digest}/{made.name}"
    store().put(key, made.data, made.media_type)
    fields = {"name": made.name, "media_type": made.media_type, "sha256": digest, "size": len(made.data)}
    row = Document(proforma=proforma, format=name, storage_key=key, **fields)
    with acting(WORKER, "rendered"):
        Document.objects.bulk_create([row], ignore_conflicts=True)  # two workers at once: the first row counts
