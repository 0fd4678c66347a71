"""The operations: make the authority, sign, revoke, publish. Each leaves everything as it was, or is complete."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from scripts.pki_lib import certificates, errors, files, keys, names, rules, store
from scripts.pki_lib.certificates import Signer
from scripts.pki_lib.errors import HandOutError, RefusedError
from scripts.pki_lib.index import Entry, Index
from scripts.pki_lib.profiles import CA_DAYS, CRL_DAYS, PROFILES
from scripts.pki_lib.rules import Order
from scripts.pki_lib.store import Settings, Store

Stage = Callable[[x509.Certificate], AbstractContextManager[Callable[[], None]]]
"""Writes what is handed out beside its place; the function it yields puts it there, once everything is recorded."""


@dataclass(frozen=True, slots=True)
class Issued:
    entry: Entry
    certificate: x509.Certificate
    new: bool
    """False: the same order had been fulfilled before, and this is that certificate"""


@dataclass(frozen=True, slots=True)
class Authority:
    """An opened authority. `now` is the moment of the command, `by` who gives it."""

    store: Store
    signer: Signer
    now: datetime
    by: str

    def issue(self, order: Order, public: Any, source: str, stage: Stage, *, same_key: bool = False) -> Issued:
        """Sign for a public key that was judged. Raises RefusedError."""
        fingerprint = keys.fingerprint(public)
        settings = self.store.settings
        rules.check_order(order, settings.staff_domains, settings.purpose)
        ca = self.signer.certificate
        rules.check_authority(ca.not_valid_before_utc, ca.not_valid_after_utc, order, self.now)
        with self.store.lock() as register:
            before = rules.already_issued(order, fingerprint, register, self.now)
            if before and not same_key:
                return self._again(before, stage)
            rules.check_free(order, fingerprint, register, self.now)
            return self._sign(order, public, source, stage, register)

    def _again(self, entry: Entry, stage: Stage) -> Issued:
        certificate = self.store.certificate(entry.serial)
        with stage(certificate) as hand_out:
            hand_out()
        return Issued(entry, certificate, new=False)

    def _sign(self, order: Order, public: Any, source: str, stage: Stage, register: Index) -> Issued:
        url = self.store.settings.crl_url
        certificate = certificates.end_entity(
            self.signer, order.profile, public, order.identities, self.now, order.days, url
        )
        entry = self._entry(order, certificate, source)
        with self._kept(entry, certificate), stage(certificate) as hand_out:
            self._record(register.add(entry), "issue", entry)
            _hand_out(hand_out, entry)
        return Issued(entry, certificate, new=True)

    @contextlib.contextmanager
    def _kept(self, entry: Entry, certificate: x509.Certificate) -> Iterator[None]:
        """Write the certificate into the state; take it away again when it does not come into the register."""
        path = self.store.certificate_path(entry.serial)
        files.write(path, certificates.pem(certificate))
        try:
            yield
        except BaseException:
            if entry not in self.store.index().entries:
                path.unlink(missing_ok=True)
            raise

    def _entry(self, order: Order, certificate: x509.Certificate, source: str) -> Entry:
        return Entry(
            serial=certificates.serial_text(certificate.serial_number),
            name=order.name,
            profile=order.profile.name,
            identities=tuple(map(str, order.identities)),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            sha256=certificates.sha256(certificate),
            key_sha256=keys.fingerprint(certificate.public_key()),
            source=source,
            issued_at=self.now,
            issued_by=self.by,
            replaces=order.renews.serial if order.renews else "",
        )

    def revoke(self, wanted: str, reason: str) -> tuple[list[Entry], bool]:
        """Revoke by name or serial and publish, in one step -> (entries, whether that is new).

        A second time it only makes sure that the list on the disk is the one of the register.
        """
        with self.store.lock() as register:
            found = register.find_all(wanted, self.now)
            fresh = [
                replace(e, revoked_at=self.now, revoked_by=self.by, reason=reason) for e in found if not e.revoked_at
            ]
            for entry in fresh:
                register = register.update(entry)
            if fresh:
                serials = [entry.serial for entry in fresh]
                self._publish(register, CRL_DAYS, "revoke", name=fresh[0].name, serials=serials, reason=reason)
            elif self.store.crl_number != register.crl_number:
                self._publish(register, CRL_DAYS, "crl")
            return fresh or found, bool(fresh)

    def publish(self, days: int) -> x509.CertificateRevocationList:
        """A new list with everything that was revoked."""
        with self.store.lock() as register:
            return self._publish(register, days, "crl")

    def adopt(self, certificate: x509.Certificate, name: str) -> Entry:
        """Take a certificate of this authority into a register that lost it (an old backup). Raises RefusedError."""
        serial = certificates.serial_text(certificate.serial_number)
        try:
            certificate.verify_directly_issued_by(self.signer.certificate)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise RefusedError("This authority did not issue it.", where=serial, remedy="Name another file.") from error
        with self.store.lock() as register:
            if any(entry.serial == serial for entry in register.entries):
                raise RefusedError("The register has it.", where=serial, remedy="Nothing needs to be done.")
            entry = self._entry(_order_of(certificate, name), certificate, "adopted")
            files.write(self.store.certificate_path(serial), certificates.pem(certificate), replace=True)
            self._record(register.add(entry), "adopt", entry)
            return entry

    def _publish(self, register: Index, days: int, action: str, **details: Any) -> x509.CertificateRevocationList:
        """Register before list: a crash in between is seen by `pki check` and mended by the next list."""
        # seconds since 1970, so that the number also grows past what an older backup remembers
        number = max(register.crl_number + 1, int(self.now.timestamp()))
        crl = sign_crl(self.signer, register, number, self.now, days)
        register = replace(register, crl_number=number, crl_next_update=crl.next_update_utc)
        path = self.store.path / store.CRL
        with files.staged(path, certificates.pem(crl), 0o600, replace=True) as hand_out:
            self._record(register, action, None, crl_number=number, **details)
            hand_out()
        return crl

    def _record(self, register: Index, action: str, entry: Entry | None, **details: Any) -> None:
        of_entry = _told(entry) if entry else {}
        self.store.commit(register, self.now, self.by, action, **of_entry, **details)


def _hand_out(hand_out: Callable[[], None], entry: Entry) -> None:
    """The register has it already: an error now is no refusal, and must not look like one."""
    try:
        hand_out()
    except OSError as error:
        remedy = (
            f"`pki show {entry.name} --out FILE` writes it again; if its key was made here, `pki renew` it instead."
        )
        what = f"The certificate could not be written: {error.strerror}."
        raise HandOutError(what, where=entry.serial, kept="It is issued and in the register.", remedy=remedy) from error


def sign_crl(signer: Signer, register: Index, number: int, now: datetime, days: int) -> x509.CertificateRevocationList:
    if not 1 <= days <= 366:
        raise RefusedError(f"A list of {days} days is not possible.", where="--days", remedy="Choose from 1 to 366.")
    if now >= signer.certificate.not_valid_after_utc:
        raise RefusedError("The authority has ended.", where=store.CA, remedy="Start its successor: docs/pki.md.")
    revoked = ((int(e.serial, 16), e.revoked_at, e.reason) for e in register.entries if e.revoked_at)
    return certificates.revocation_list(signer, revoked, number, now, days)


def create(
    path: Path, settings: Settings, passphrase: bytes, now: datetime, by: str, days: int = CA_DAYS
) -> x509.Certificate:
    """A new authority at `path`: made beside it, then moved there as a whole. Raises RefusedError."""
    store.may_be_made(path)
    if not PROFILES["gateway"].max_days < days <= 2 * CA_DAYS:
        remedy = (
            f"Choose --days from {PROFILES['gateway'].max_days + 1} to {2 * CA_DAYS}, or leave it out for {CA_DAYS}."
        )
        raise RefusedError(f"An authority of {days} days is not possible.", where="--days", remedy=remedy)
    key = keys.make()
    ca = certificates.authority(key, settings.organisation, settings.name, now, days)
    with new_state(path) as making:
        _fill(making, settings, Signer(ca, key), keys.encrypted_pem(key, passphrase), now, by)
    return ca


@contextlib.contextmanager
def scratch(path: Path) -> Iterator[Store]:
    """An empty state in a directory beside `path`, which vanishes unless it was renamed."""
    making = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        (making / store.CERTIFICATES).mkdir(mode=0o700)
        yield Store(making)
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextlib.contextmanager
def new_state(path: Path) -> Iterator[Store]:
    """A state that becomes `path` when all went well, and vanishes when not."""
    with scratch(path) as making:
        yield making
        try:
            making.path.rename(path)
        except OSError as error:
            what, remedy = (
                f"The state cannot be put in place: {error.strerror}.",
                "Look what came to be there meanwhile.",
            )
            raise RefusedError(what, where=str(path), remedy=remedy) from error


def _fill(making: Store, settings: Settings, signer: Signer, sealed: bytes, now: datetime, by: str) -> None:
    number = int(now.timestamp())
    crl = sign_crl(signer, Index(), number, now, CRL_DAYS)
    ca = certificates.pem(signer.certificate)
    contents = {store.SETTINGS: settings.dump(), store.CA: ca, store.KEY: sealed, store.CRL: certificates.pem(crl)}
    for name, data in contents.items():
        files.write(making.path / name, data)
    first = Index(crl_number=number, crl_next_update=crl.next_update_utc)
    making.commit(first, now, by, "init", ca_sha256=certificates.sha256(signer.certificate))


def open_signer(opened: Store, passphrase: bytes) -> Signer:
    """Raises PassphraseError, StateError."""
    where = str(opened.path / store.KEY)
    signer = Signer(opened.ca, keys.load(opened.read(store.KEY), passphrase, where))
    if keys.fingerprint(signer.key.public_key()) != keys.fingerprint(signer.certificate.public_key()):
        raise errors.StateError("The key is not the one of ca.crt.", where=where, remedy="Restore the last backup.")
    return signer


def change_passphrase(opened: Store, signer: Signer, passphrase: bytes, now: datetime, by: str) -> None:
    """The same key under another passphrase. Backups made before still open with the old one."""
    with opened.lock() as register:
        sealed = keys.encrypted_pem(signer.key, passphrase)
        with files.staged(opened.path / store.KEY, sealed, 0o600, replace=True) as put_in_place:
            opened.commit(register, now, by, "passphrase")
            put_in_place()


def order_of_renewal(entry: Entry, days: int | None) -> Order:
    """The same certificate again, for another period."""
    profile = PROFILES[entry.profile]
    identities = tuple(map(names.parse, entry.identities))
    return Order(profile, entry.name, identities, days or profile.days, renews=entry)


def _order_of(certificate: x509.Certificate, name: str) -> Order:
    unit = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value
    profile = next(p for p in PROFILES.values() if p.unit == unit)
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return Order(profile, name, tuple(sorted(names.of_alternative_names(alternative))), lasts // timedelta(days=1))


def _told(entry: Entry) -> dict[str, Any]:
    """What the trail says of a certificate."""
    told = {"serial": entry.serial, "name": entry.name, "profile": entry.profile}
    return told | {"identities": entry.identities, "not_after": entry.not_after.isoformat(), "source": entry.source}
