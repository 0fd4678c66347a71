"""Proof that what was recorded is still what is there: the audit chain, and every document's bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.audit.models import Entry
from portal.audit.selectors import chain_problems
from portal.documents.models import Document
from portal.domain.errors import Problem
from portal.lib.hashing import sha256_hex
from portal.lib.storage import StorageError, store

MOST_SHOWN = 100
"""problems; a store that is gone would say the same of each document"""


@dataclass(frozen=True, slots=True)
class Proof:
    """`entries` and `head` (SHA-256 of the last entry, "" without any) can be compared with those of a backup."""

    entries: int
    head: str
    documents: int
    problems: tuple[Problem, ...]


def proof_make(*, documents: bool = True) -> Proof:
    """Read all of the audit record and, with `documents`, every stored document. Changes nothing."""
    last = Entry.objects.order_by("-id").first()
    found = chain_problems()
    rows = Document.objects.order_by("pk") if documents else Document.objects.none()
    found += [problem for row in rows.iterator() for problem in _differences(row)]
    return Proof(Entry.objects.count(), last.sha256 if last else "", rows.count(), tuple(found))


def _differences(document: Document) -> Iterator[Problem]:
    try:
        data = store().get(document.storage_key)
    except StorageError as error:
        yield error.problem
        return
    if (len(data), sha256_hex(data)) != (document.size, document.sha256):
        yield Problem(
            "document.altered",
            f"The stored document has {len(data)} bytes that do not fit its SHA-256.",
            where=document.storage_key,
            remedy="Restore this file from a backup or from the bucket's versions.",
        )
