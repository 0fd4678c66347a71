"""Whether this portal can work, for the supervisor and the load balancer."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.web.access import public
from portal.web.readiness import migrations_missing


@public  # a load balancer has no password, and the answer says nothing that is worth one
@require_safe
@never_cache
def health(_request: HttpRequest) -> HttpResponse:
    """200 {"status": "ok"}, or 503 with what is wrong, in one word."""
    try:
        missing = migrations_missing()
    except DatabaseError:
        return JsonResponse({"status": "database"}, status=503)
    return JsonResponse({"status": "migrations"}, status=503) if missing else JsonResponse({"status": "ok"})
