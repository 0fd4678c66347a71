"""Documents to take away, and what a person can do about a delivery."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts.access import Permission
from portal.audit.services import record
from portal.documents import selectors
from portal.documents.services import document_read
from portal.web.access import permitted
from portal.web.pages import actor


@permitted(Permission.VIEW)
@require_safe
@never_cache
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The bytes as they were rendered, or an error page when they no longer fit their checksum."""
    try:
        found = selectors.document_get(pk)
    except ObjectDoesNotExist:
        raise Http404 from None
    data = document_read(found)
    record(
        actor=actor(request),
        action="downloaded",
        subject="documents_document",
        subject_id=str(pk),
        name=found.name,
        sha256=found.sha256,
    )
    response = HttpResponse(data, content_type=found.media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=found.name)
    return response
