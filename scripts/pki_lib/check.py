"""Is the state whole? Everything that hangs together is compared: files, register, list, trail, signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from portal.domain.errors import Problem
from scripts.pki_lib import audit, certificates, files, store
from scripts.pki_lib.errors import StateError
from scripts.pki_lib.index import Entry, Index
from scripts.pki_lib.store import Store

RESTORE = "Restore the last backup into another directory (`pki restore`) and compare; adopt what is missing."


@dataclass(frozen=True, slots=True)
class Report:
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    certificates: int


def check(state: Store) -> Report:
    """Raises StateError when the register or the authority cannot be read at all."""
    register = state.index()
    problems = [*_missing(state), *_modes(state), *_of_authority(state), *_of_list(state, register)]
    for entry in register.entries:
        problems += _of_entry(state, entry)
    problems += _of_trail(state, register)
    return Report(tuple(problems), tuple(_notes(state, register)), len(register.entries))


def _missing(state: Store) -> Iterator[Problem]:
    for name in store.ALWAYS:
        if not (state.path / name).is_file():
            yield _problem("A file of the state is missing.", name)


def _modes(state: Store) -> Iterator[Problem]:
    for path in (state.path, *sorted(state.path.rglob("*"))):
        if not files.private(path):
            remedy = f"chmod {'700' if path.is_dir() else '600'} {path}"
            yield Problem("pki.open", "Others on this machine can read it.", str(path), remedy)


def _of_authority(state: Store) -> Iterator[Problem]:
    try:
        state.ca.verify_directly_issued_by(state.ca)
    except (ValueError, TypeError, InvalidSignature):
        yield _problem("The authority's certificate is not signed by its key.", store.CA)


def _of_list(state: Store, register: Index) -> Iterator[Problem]:
    remedy = "`pki crl` makes a new one; hand it to the gateways."
    try:
        crl = state.crl
        good = crl.is_signature_valid(state.ca.public_key())  # type: ignore[arg-type]
    except StateError:
        yield Problem("pki.list", "The revocation list cannot be read.", store.CRL, remedy)
        return
    if not good:
        yield Problem("pki.list", "The revocation list is not signed by the authority.", store.CRL, remedy)
    listed = {revoked.serial_number for revoked in crl}
    missing = [e for e in register.entries if e.revoked_at and int(e.serial, 16) not in listed]
    if missing or state.crl_number != register.crl_number:
        what = f"The revocation list is older than the register: {len(missing)} revocations are not in it."
        yield Problem("pki.list", what, store.CRL, remedy)


def _of_entry(state: Store, entry: Entry) -> Iterator[Problem]:
    where = f"{entry.name}, serial {entry.serial}"
    try:
        certificate = state.certificate(entry.serial)
        certificate.verify_directly_issued_by(state.ca)
    except (StateError, ValueError):
        yield _problem("The certificate is missing or damaged.", where)
        return
    except (TypeError, InvalidSignature):
        yield _problem("The certificate is not of this authority.", where)
        return
    if certificates.sha256(certificate) != entry.sha256:
        yield _problem("The certificate is not the one of the register.", where)


def _of_trail(state: Store, register: Index) -> Iterator[Problem]:
    path = state.path / store.AUDIT
    if not path.is_file():
        return  # said by _missing
    for sentence in audit.faults(path, audit.Head(register.audit_lines, register.audit_head)):
        yield _problem(sentence, store.AUDIT)
    traced = {line.get("serial") for line in audit.read(path)}
    for entry in register.entries:
        if entry.serial not in traced:
            yield _problem("The audit trail does not know this certificate.", f"{entry.name}, serial {entry.serial}")


def _notes(state: Store, register: Index) -> Iterator[str]:
    known = {entry.serial for entry in register.entries}
    for path in sorted((state.path / store.CERTIFICATES).glob("*.pem")):
        if path.stem not in known:
            yield f"Serial {path.stem} was begun and broken off; it was never handed out. Nothing needs to be done."


def _problem(what: str, where: str) -> Problem:
    return Problem("pki.damaged", what, where, RESTORE)
