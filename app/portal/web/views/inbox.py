"""The door for what customers' SAP systems send back: acknowledgements, signed in by HTTP Basic."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portal.contracts import selectors
from portal.contracts.models import SapEndpoint
from portal.delivery.services import acknowledgement_receive
from portal.lib import clock
from portal.lib.credentials import CredentialError, credential_read
from portal.web.access import public

LARGEST = 1024 * 1024


@public  # machines sign in with each request, by the credential below
@csrf_exempt  # there is no session that a foreign page could ride on; the credential comes with the request itself
@require_POST
@never_cache
def inbox(request: HttpRequest, code: str) -> HttpResponse:
    """202 once the bytes are kept, also for the same bytes again; 401, 413 or 400 otherwise."""
    endpoint = _admitted(request, code)
    if endpoint is None:
        refused = JsonResponse({"status": "refused"}, status=401)
        refused["WWW-Authenticate"] = 'Basic realm="acknowledgements", charset="UTF-8"'
        return refused
    raw = request.read(LARGEST + 1)
    if len(raw) > LARGEST:
        return JsonResponse({"status": "too large", "limit": LARGEST}, status=413)
    if not raw:
        return JsonResponse({"status": "empty"}, status=400)
    digest = hashlib.sha256(raw).hexdigest()
    acknowledgement_receive(raw, digest, clock.now(), endpoint=endpoint)
    return JsonResponse({"status": "received", "sha256": digest}, status=202)


def _admitted(request: HttpRequest, code: str) -> SapEndpoint | None:
    """The customer's endpoint whose credential came with the request. A stranger's takes as long to refuse."""
    given = _basic(request.headers.get("Authorization", ""))
    customer = selectors.customer_by_code(code)
    endpoints = list(selectors.endpoints_of(customer)) if customer else []
    admitted = None
    for endpoint in [*endpoints, None]:
        pair = _expected(endpoint) if endpoint else b""
        same = hmac.compare_digest(_digest(given), _digest(pair))
        admitted = endpoint if same and pair else admitted
    return admitted


def _expected(endpoint: SapEndpoint) -> bytes:
    """user:password of an endpoint; empty, which admits nobody, when there is none that can be read."""
    if not endpoint.inbound_credential_ref:
        return b""
    try:
        credential = credential_read(endpoint.inbound_credential_ref, settings.CREDENTIALS_DIR)
    except CredentialError:
        return b""
    username, password = credential.get("username"), credential.get("password")
    return f"{username}:{password}".encode() if username and password else b""


def _basic(header: str) -> bytes:
    """user:password of an Authorization header; empty when there is none that can be read."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _digest(pair: bytes) -> bytes:
    """Equal lengths, so that comparing takes as long whatever was given."""
    return hashlib.sha256(pair).digest()
