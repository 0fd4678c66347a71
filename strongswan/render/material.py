"""Judges certificates, keys, authorities and revocation lists for a VPN host, before any of them is copied there.

One home for both ways in: the role's list (manifest.py), and playbooks/rotate_certificates.yml (`render judge`). What
is given is held against itself and against what the host has; what the host has already, as it is given, is not judged
again: a customer's list that ended meanwhile must not hold up another customer's change.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from strongswan.render.problems import Problem, RefusedError

AUTHORITIES, LISTS, CERTIFICATES, KEYS = FOLDERS = ("x509ca", "x509crl", "x509", "private")
"""swanctl's own; a certificate and its key have the same name"""
TRUST = (AUTHORITIES, LISTS)
SPARE = timedelta(hours=1)
"""what ends sooner has ended before it is of any use"""
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
MOMENT = "%Y-%m-%d %H:%M UTC"
NEWEST = "Put the newest list of this authority there (`pki show crl`), or a new one (`pki crl --out FILE`)."
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Piece:
    """file: as people know it."""

    file: str
    content: bytes

    def problem(self, what: str, remedy: str) -> Problem:
        return Problem(self.file, 1, what, remedy)


Shelf = Mapping[str, Mapping[str, Piece]]
"""folder of swanctl -> name -> piece"""


def judge(given: Shelf, held: Shelf, whole: Collection[str] = (), now: datetime | None = None) -> int:
    """How many pieces are new. whole: folders in which nothing stays but what is given.

    Raises RefusedError with everything that is wrong.
    """
    new = {folder: dict(_new(folder, given.get(folder, {}), held.get(folder, {}))) for folder in FOLDERS}
    after = {
        folder: {**({} if folder in whole else held.get(folder, {})), **given.get(folder, {})} for folder in FOLDERS
    }
    case = _Case(new, after, held, _all(_certificate, after[AUTHORITIES]), now or datetime.now(UTC))
    found = list(case.problems())
    if found:
        raise RefusedError(found)
    return sum(map(len, new.values()))


def from_rotation(folder: Path, host: str) -> Shelf:
    """The directory of playbooks/rotate_certificates.yml, for one host by its inventory name."""
    places = {AUTHORITIES: folder / "x509ca", LISTS: folder / "crl"}
    places |= {name: folder / host / name for name in (CERTIFICATES, KEYS)}
    return {name: pieces(place) for name, place in places.items()}


def pieces(folder: Path) -> dict[str, Piece]:
    """The files of a folder; none where there is no such folder."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: Piece(str(path), path.read_bytes()) for path in found if path.is_file()}


def from_trust(folder: Path) -> Shelf:
    """The folder strongswan_gateway_trust. Raises RefusedError when one of its two is missing: all would go."""
    absent = [folder / name for name in TRUST if not (folder / name).is_dir()]
    if absent:
        what, remedy = (
            "There is no such folder, and it is the whole truth.",
            "Make it, and put into it what hosts have.",
        )
        raise RefusedError(Problem(str(path), 1, what, remedy) for path in absent)
    return {name: pieces(folder / name) for name in TRUST}


def from_host(held: Mapping[str, Mapping[str, str]]) -> Shelf:
    """What the role's module swanctl_held found, in base64; of private keys the public halves."""
    return {
        folder: {name: Piece(f"/etc/swanctl/{folder}/{name}", base64.b64decode(one)) for name, one in files.items()}
        for folder, files in held.items()
    }


def _new(folder: str, given: Mapping[str, Piece], held: Mapping[str, Piece]) -> Iterator[tuple[str, Piece]]:
    for name, piece in given.items():
        known = held.get(name)
        if known is None or _comparable(folder, piece) != _comparable(folder, known):
            yield name, piece


def _comparable(folder: str, piece: Piece) -> bytes:
    """Of keys the public half, which is all that a host tells."""
    return (_read(_half, piece) or piece.content) if folder == KEYS else piece.content


def _certificate(raw: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)


def _list(raw: bytes) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(raw) if b"-----BEGIN" in raw else x509.load_der_x509_crl(raw)


def _half(raw: bytes) -> bytes:
    public = load_pem_public_key(raw) if b"PUBLIC KEY-----" in raw else load_pem_private_key(raw, None).public_key()
    return _public(public)


def _public(key: Any) -> bytes:
    raw: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return raw


def _read(reader: Callable[[bytes], Thing], piece: Piece | None) -> Thing | None:
    try:
        return reader(piece.content) if piece else None
    except UNREADABLE:
        return None


def _all(reader: Callable[[bytes], Thing], found: Mapping[str, Piece]) -> list[Thing]:
    return [thing for piece in found.values() if (thing := _read(reader, piece)) is not None]


KINDS: tuple[tuple[str, Callable[[bytes], Any], str], ...] = (
    (AUTHORITIES, _certificate, "no certificate"),
    (LISTS, _list, "no revocation list"),
    (CERTIFICATES, _certificate, "no certificate"),
    (KEYS, _half, "no private key, or has a passphrase"),
)


@dataclass(frozen=True, slots=True)
class _Case:
    """after: what the host will have; held: what it has now; authorities: those of `after`."""

    new: Shelf
    after: Shelf
    held: Shelf
    authorities: list[x509.Certificate]
    now: datetime

    def problems(self) -> Iterator[Problem]:
        judges: dict[str, Callable[[str, Piece, Any], Iterator[Problem]]] = {
            AUTHORITIES: self._authority,
            LISTS: self._list,
            CERTIFICATES: self._certificate,
            KEYS: self._key,
        }
        for folder, reader, what in KINDS:
            for name, piece in self.new[folder].items():
                thing = _read(reader, piece)
                if thing is None:
                    yield piece.problem(f"It is {what} that can be read.", "Write it anew, in PEM.")
                else:
                    yield from judges[folder](name, piece, thing)

    def _authority(self, _name: str, piece: Piece, authority: x509.Certificate) -> Iterator[Problem]:
        try:
            signs = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (x509.ExtensionNotFound, ValueError):
            signs = False
        if not signs:
            yield piece.problem("It is the certificate of no authority.", "Give that of the authority: `pki show ca`.")
        yield from self._in_force(piece, authority, "Take it away; nobody is believed on its word any more.")

    def _certificate(self, name: str, piece: Piece, certificate: x509.Certificate) -> Iterator[Problem]:
        yield from self._in_force(piece, certificate, "Renew it: docs/pki.md, Yearly rotation.")
        if not any(_issued(certificate, authority) for authority in self.authorities):
            what = f"It was issued by {certificate.issuer.rfc4514_string()}, and x509ca/ has no such authority."
            yield piece.problem(what, "Give the certificate that your authority signed, or that authority with it.")
        half = _read(_half, self.after[KEYS].get(name))
        if half is None:
            remedy = "Give the key with it, or the certificate for the request that the host made."
            yield piece.problem(f"The host has no key private/{name} for it.", remedy)
        elif half != _public(certificate.public_key()):
            yield piece.problem(f"It does not belong to the key private/{name}.", "Give both from the same renewal.")

    def _key(self, name: str, piece: Piece, half: bytes) -> Iterator[Problem]:
        stays = None if name in self.new[CERTIFICATES] else _read(_certificate, self.after[CERTIFICATES].get(name))
        if stays is not None and _public(stays.public_key()) != half:
            what = f"The certificate x509/{name} that the host has does not belong to it."
            yield piece.problem(what, "Give the new certificate with it.")

    def _in_force(self, piece: Piece, certificate: x509.Certificate, remedy: str) -> Iterator[Problem]:
        if certificate.not_valid_after_utc <= self.now + SPARE:
            yield piece.problem(f"It ends on {certificate.not_valid_after_utc:{MOMENT}}.", remedy)
        if certificate.not_valid_before_utc > self.now:
            what = f"It begins on {certificate.not_valid_before_utc:{MOMENT}}."
            yield piece.problem(what, "Wait until then, or look at the clock of this machine.")

    def _list(self, name: str, piece: Piece, revoked: x509.CertificateRevocationList) -> Iterator[Problem]:
        until = revoked.next_update_utc
        if until is None or until <= self.now + SPARE:
            what = f"The list ends on {until:{MOMENT}}" if until else "The list names no end"
            yield piece.problem(f"{what}; after it nobody of its authority gets in.", NEWEST)
        signer = _signer(revoked, self.authorities)
        if signer is None:
            what = f"No authority in x509ca/ has signed this list of {revoked.issuer.rfc4514_string()}."
            yield piece.problem(what, "Give the list of an authority that is there, or that authority with it.")
        else:
            yield from self._never_older(piece, revoked, signer)
            yield from self._replaced(name, piece, revoked)

    def _never_older(
        self, piece: Piece, revoked: x509.CertificateRevocationList, signer: x509.Certificate
    ) -> Iterator[Problem]:
        for other, known in self.held.get(LISTS, {}).items():
            present = _read(_list, known)
            if present is not None and _signer(present, [signer]) and _older(revoked, present):
                what = f"It is older ({_age(revoked)}) than x509crl/{other} on the host ({_age(present)})"
                yield piece.problem(f"{what}: who was revoked since would get in again.", NEWEST)

    def _replaced(self, name: str, piece: Piece, revoked: x509.CertificateRevocationList) -> Iterator[Problem]:
        """Under the name of another authority's list, which would have none then: nobody of that one would get in."""
        before = _read(_list, self.held.get(LISTS, {}).get(name))
        if before is None or before.issuer == revoked.issuer or _signer(before, self.authorities) is None:
            return
        if not any(one.issuer == before.issuer for one in _all(_list, self.after[LISTS])):
            what = f"It would replace the only list of {before.issuer.rfc4514_string()}, of whom nobody would get in."
            yield piece.problem(what, "Give each authority's list the name that it has on the host.")


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
        return True
    except (*UNREADABLE, InvalidSignature):
        return False


def _signer(revoked: x509.CertificateRevocationList, authorities: list[x509.Certificate]) -> x509.Certificate | None:
    for authority in authorities:
        key: Any = authority.public_key()
        try:
            if authority.subject == revoked.issuer and revoked.is_signature_valid(key):
                return authority
        except UNREADABLE:
            continue
    return None


def _older(one: x509.CertificateRevocationList, other: x509.CertificateRevocationList) -> bool:
    """By their numbers; a list without one, as `openssl ca` may make it, by its moment."""
    numbers = _number(one), _number(other)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] < numbers[1]
    return one.last_update_utc < other.last_update_utc


def _number(revoked: x509.CertificateRevocationList) -> int | None:
    try:
        return revoked.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _age(revoked: x509.CertificateRevocationList) -> str:
    number = _number(revoked)
    return f"number {number}" if number is not None else f"of {revoked.last_update_utc:{MOMENT}}"
