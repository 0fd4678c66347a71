"""What is signed: the authority's own certificate, end entities, the revocation list. No files, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from scripts.pki_lib.keys import PrivateKey
from scripts.pki_lib.names import Identity
from scripts.pki_lib.profiles import Profile

HASH = hashes.SHA384()
SKEW = timedelta(hours=1)
"""certificates and lists are valid from an hour ago: a peer whose clock is behind must not refuse them"""
REASONS = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key-compromise": x509.ReasonFlags.key_compromise,
    "affiliation-changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation": x509.ReasonFlags.cessation_of_operation,
    "privilege-withdrawn": x509.ReasonFlags.privilege_withdrawn,
}
"""`unspecified` is not written into the list (RFC 5280 5.3.1); a hold is not offered, for a revocation is final"""


@dataclass(frozen=True, slots=True)
class Signer:
    """An opened authority."""

    certificate: x509.Certificate
    key: PrivateKey


def authority(key: PrivateKey, organisation: str, name: str, now: datetime, days: int) -> x509.Certificate:
    """The self-signed root. It signs end entities only (path length 0)."""
    subject = _subject(organisation, "Certificate authority", name)
    usage = _key_usage("key_cert_sign", "crl_sign")
    return (
        _builder(subject, subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, HASH)
    )


def end_entity(
    signer: Signer,
    profile: Profile,
    public: Any,
    identities: Sequence[Identity],
    now: datetime,
    days: int,
    crl_url: str = "",
) -> x509.Certificate:
    """A certificate of `profile` for a public key that was judged. The first identity is also the common name."""
    organisation = str(signer.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
    subject = _subject(organisation, profile.unit, identities[0].value)
    names = [name for identity in identities for name in identity.general_names()]
    builder = (
        _builder(subject, signer.certificate.subject, public, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage(profile.usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_issuer(signer), critical=False)
    )
    if crl_url:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    return builder.sign(signer.key, HASH)


def revocation_list(
    signer: Signer, revoked: Iterable[tuple[int, datetime, str]], number: int, now: datetime, days: int
) -> x509.CertificateRevocationList:
    """The list, from (serial, when, reason); `number` only ever grows."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(now - SKEW)
        .next_update(now + timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_issuer(signer), critical=False)
    )
    for serial, when, reason in revoked:
        builder = builder.add_revoked_certificate(_revoked(serial, when, reason))
    return builder.sign(signer.key, HASH)


def pem(thing: x509.Certificate | x509.CertificateRevocationList | x509.CertificateSigningRequest) -> bytes:
    return thing.public_bytes(serialization.Encoding.PEM)


def sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def serial_text(serial: int) -> str:
    """As `openssl x509 -serial` shows it, in small letters."""
    text = f"{serial:x}"
    return text.zfill(len(text) + len(text) % 2)


def crl_number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _revoked(serial: int, when: datetime, reason: str) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
    if reason != "unspecified":
        builder = builder.add_extension(x509.CRLReason(REASONS[reason]), critical=False)
    return builder.build()


def _builder(subject: x509.Name, issuer: x509.Name, public: Any, now: datetime, days: int) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - SKEW).not_valid_after(now + timedelta(days=days) - SKEW)


def _subject(organisation: str, unit: str, common_name: str) -> x509.Name:
    """RFC 5280 allows 64 characters in a common name; identities that are longer stand in full in subjectAltName."""
    parts = (
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name[:64]),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _issuer(signer: Signer) -> x509.AuthorityKeyIdentifier:
    own = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _key_usage(*on: str) -> x509.KeyUsage:
    every = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    every += " key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{usage: usage in on for usage in every.split()})
