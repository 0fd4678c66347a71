"""Certificate signing requests: made on the host that uses the key, judged where they are signed."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from scripts.pki_lib import keys, names
from scripts.pki_lib.errors import RefusedError
from scripts.pki_lib.names import Identity
from scripts.pki_lib.profiles import Profile

MOST_BYTES = 64 * 1024
_WEAK = ("md5", "sha1")


def make(key: keys.PrivateKey, identities: Sequence[Identity]) -> x509.CertificateSigningRequest:
    """A request with the identities as subjectAltName, signed by its key."""
    alternative = x509.SubjectAlternativeName([name for identity in identities for name in identity.general_names()])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, identities[0].value[:64])])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.add_extension(alternative, critical=False).sign(key, hashes.SHA384())


def load(raw: bytes, where: str) -> x509.CertificateSigningRequest:
    """A request in PEM or DER. Raises RefusedError."""
    remedy = "Ask for the request in PEM: it begins with BEGIN CERTIFICATE REQUEST."
    if len(raw) > MOST_BYTES:
        raise RefusedError(f"The file has {len(raw)} bytes, too many for a request.", where=where, remedy=remedy)
    if b"PRIVATE KEY" in raw:
        remedy = "Whoever sent it has shown the key: it must be thrown away. Ask for a new key and its request only."
        raise RefusedError("The file holds a private key, which nobody else may see.", where=where, remedy=remedy)
    try:
        if b"-----BEGIN" in raw:
            return x509.load_pem_x509_csr(raw)
        return x509.load_der_x509_csr(raw)
    except ValueError as error:
        raise RefusedError("This is no certificate signing request.", where=where, remedy=remedy) from error


def check(csr: x509.CertificateSigningRequest, profile: Profile, identities: Sequence[Identity], where: str) -> object:
    """The public key of a request that may be signed: proven, strong, and of exactly these identities.

    Nothing else is taken from a request: subject, usages and validity come from the profile. Raises RefusedError.
    """
    try:
        _check_signature(csr, where)
        _check_authority(csr, where)
        asked, expected = names.of_request(csr), frozenset(identities)
        public = csr.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        remedy = "Ask for a new request with a key on secp384r1."
        raise RefusedError(f"The request cannot be read: {error}.", where=where, remedy=remedy) from error
    keys.judge(public, profile, where)
    if asked != expected:
        raise _other_identity(asked, expected, where)
    return public


def _check_signature(csr: x509.CertificateSigningRequest, where: str) -> None:
    """The sender holds the key: the request is signed with it."""
    algorithm = csr.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK:
        remedy = "Ask for a new request, signed with SHA-256 or better."
        raise RefusedError(f"The request is signed with {algorithm.name.upper()}.", where=where, remedy=remedy)
    try:
        good = csr.is_signature_valid
    except InvalidSignature:
        good = False
    if not good:
        remedy = "It was changed on its way, or made without the key. Ask for it again; compare fingerprints by phone."
        raise RefusedError("The request is not signed by its own key.", where=where, remedy=remedy)


def _check_authority(csr: x509.CertificateSigningRequest, where: str) -> None:
    try:
        constraints = csr.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
    except x509.ExtensionNotFound:
        return
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        remedy = "Nobody gets an authority of their own here. Ask for a request of an end entity."
        raise RefusedError("The request asks to become an authority (CA:TRUE).", where=where, remedy=remedy)


def _other_identity(asked: frozenset[Identity], expected: frozenset[Identity], where: str) -> RefusedError:
    has, wants = (", ".join(sorted(map(str, some))) or "nobody" for some in (asked, expected))
    remedy = (
        "Ask for a request with exactly these names, or, if the request is right, correct --identity (one for each)."
    )
    return RefusedError(f"The request is for {has}, but {wants} is expected.", where=where, remedy=remedy)
