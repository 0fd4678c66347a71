"""Credentials that administrators set in the portal: sealed by web processes, opened by workers alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from portal.accounts.access import Permission, person, require
from portal.audit.services import acting
from portal.contracts.models import SapEndpoint, SealedCredential, TicketSource
from portal.domain.errors import InputError
from portal.lib import clock, sealing
from portal.lib.credentials import LARGEST, CredentialError


@dataclass(frozen=True, slots=True)
class Reference:
    """A credential that a source or an endpoint names, and what was set for it, if anything."""

    reference: str
    used_by: tuple[str, ...]
    set: SealedCredential | None

    @property
    def opens(self) -> bool:
        """Whether it was sealed to the key that workers have now."""
        return self.set is not None and self.set.key_id == sealing.key_id(settings.SEALING_PUBLIC_KEY)


def references() -> list[Reference]:
    """Every reference that workers use, sorted. Inbound senders' are not among them: web processes must read those."""
    users: dict[str, list[str]] = {}
    rows: list[TicketSource | SapEndpoint] = list(TicketSource.objects.select_related("customer"))
    rows += SapEndpoint.objects.select_related("customer")
    for row in rows:
        users.setdefault(row.credential_ref, []).append(str(row))
    known = {row.reference: row for row in SealedCredential.objects.all()}
    return [Reference(name, tuple(users[name]), known.get(name)) for name in sorted(users)]


def credential_set(*, reference: str, fields: Mapping[str, str], actor: str) -> SealedCredential:
    """Seal and keep. The record notes reference, fingerprint, who and when. Raises InputError and AccessError."""
    require(person(actor), Permission.CREDENTIALS)
    text = _checked(reference, fields)
    sealed = sealing.seal(settings.SEALING_PUBLIC_KEY, reference, text)
    values = {
        "sealed": sealed,
        "key_id": sealing.key_id(settings.SEALING_PUBLIC_KEY),
        "fingerprint": hashlib.sha256(sealed.encode()).hexdigest()[:16],
        "set_by": actor,
        "set_at": clock.now(),
    }
    with acting(actor):
        return SealedCredential.objects.update_or_create(reference=reference, defaults=values)[0]


def _checked(reference: str, fields: Mapping[str, str]) -> str:
    kept = "Nothing was changed."
    if not settings.SEALING_PUBLIC_KEY:
        remedy = "Set PROFORMA_SEALING_PUBLIC_KEY (docs/operations.md), or put it into a file on the worker hosts."
        raise InputError("This portal has no key to seal credentials to.", kept=kept, remedy=remedy)
    if reference not in {one.reference for one in references()}:
        remedy = "Enter the reference on the customer's source or endpoint first."
        raise InputError("No source and no endpoint uses this reference.", where=reference, kept=kept, remedy=remedy)
    if not fields or not all(isinstance(value, str) and value for value in fields.values()):
        remedy = "Give a user name and a password, or other fields as a JSON object of strings."
        raise InputError("A credential has at least one field, and none is empty.", kept=kept, remedy=remedy)
    text = json.dumps(dict(fields))
    if len(text) > LARGEST:
        raise InputError(f"The credential is larger than {LARGEST} bytes.", kept=kept, remedy="Shorten it.")
    return text


def from_database(reference: str) -> str | None:
    """A place of portal.lib.credentials; a process without the private key has nothing there."""
    if not settings.SEALING_PRIVATE_KEY:
        return None
    row = SealedCredential.objects.filter(reference=reference).first()
    if row is None:
        return None
    try:
        return sealing.unseal(settings.SEALING_PRIVATE_KEY, reference, row.sealed)
    except sealing.SealingError as error:
        raise CredentialError(error.problem.what, where=reference, remedy=error.problem.remedy) from None
