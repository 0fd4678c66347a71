"""`manage.py audit_verify`: is the record whole, and is every document what was issued? Changes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from portal.documents.proof import MOST_SHOWN, proof_make


class Command(BaseCommand):
    help = (
        "Verify the chain of the audit record and the SHA-256 of every document. Exit code 0 whole, 1 not, 2 unknown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-documents", action="store_true", help="the audit record alone")
        parser.add_argument("--json", action="store_true", help="one object, for programs")

    def handle(self, *_: Any, no_documents: bool, json: bool, **__: Any) -> None:
        try:
            proof = proof_make(documents=not no_documents)
        except DatabaseError as error:
            self.stderr.write(f"Nothing could be verified: the database does not answer ({type(error).__name__}).")
            raise SystemExit(2) from None
        self.stdout.write(_as_json(asdict(proof)) if json else _sentence(proof.entries, proof.documents))
        for problem in () if json else proof.problems[:MOST_SHOWN]:
            self.stderr.write(f"{problem}")
        if proof.problems:
            raise SystemExit(1)


def _as_json(proof: dict[str, Any]) -> str:
    return json.dumps(proof | {"whole": not proof["problems"], "problems": proof["problems"][:MOST_SHOWN]})


def _sentence(entries: int, documents: int) -> str:
    return f"{entries} audit entries and {documents} documents were looked at."
