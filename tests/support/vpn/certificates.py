"""Authorities, certificates and revocation lists of one test run, valid for a day."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """Certificate and key of one gateway or person, in PEM."""

    certificate: bytes
    key: bytes
    serial: int


@dataclass
class Authority:
    """Signs with P-384, as production does."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))
    revoked: list[int] = field(default_factory=list)

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    @cached_property
    def certificate(self) -> bytes:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        key_id = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        builder = self._builder(self.subject, self.key).add_extension(key_id, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        return _pem(builder.add_extension(usage, critical=True).sign(self.key, hashes.SHA384()))

    def issue(self, name: str) -> Holder:
        """For a gateway (a host name) or a person (a mail address)."""
        key = ec.generate_private_key(ec.SECP384R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternative = x509.RFC822Name(name) if "@" in name else x509.DNSName(name)
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if "@" in name else ExtendedKeyUsageOID.SERVER_AUTH
        builder = self._builder(subject, key)
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        certificate = builder.add_extension(self._key_id(), critical=False).sign(self.key, hashes.SHA384())
        return Holder(_pem(certificate), _secret(key), certificate.serial_number)

    def revocation_list(self) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject)
        builder = builder.last_update(now - HOUR).next_update(now + DAY).add_extension(self._key_id(), critical=False)
        builder = builder.add_extension(x509.CRLNumber(len(self.revoked) + 1), critical=False)
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - HOUR).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM)

    def _key_id(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - HOUR).not_valid_after(now + DAY)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, plain)
