"""Keys: made, judged, and written down under a passphrase."""

from __future__ import annotations

import base64
import hashlib
import os
import textwrap
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import pkcs12

from scripts.pki_lib.errors import PassphraseError, PkiError, RefusedError
from scripts.pki_lib.profiles import Profile

PrivateKey = ec.EllipticCurvePrivateKey
Format = Literal["pkcs12", "pkcs12-legacy", "pem"]
RSA_BITS = 3072
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 5
"""OWASP's set for 16 MB of memory: OpenSSL opens nothing above 32 MB, and its command must be able to open our keys"""
_PBES2, _SCRYPT = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", b"\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"
_AES_256_CBC = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a"


def make() -> PrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


def fingerprint(key: Any) -> str:
    """SHA-256 of the public key (DER), as `openssl pkey -pubin -outform DER | sha256sum` shows it."""
    return digest(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def describe(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return type(key).__name__.removeprefix("_").removesuffix("PublicKey")


def judge(key: object, profile: Profile, where: str) -> None:
    """Raises RefusedError for a public key that is weak, or that this profile does not take."""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in profile.curves:
        return
    good_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS and key.public_numbers().e >= 65537
    if profile.rsa and good_rsa:
        return
    allowed = " or ".join(profile.curves) + (f", or RSA of {RSA_BITS} bits or more" if profile.rsa else "")
    remedy = (
        f"Make a new key and request: {allowed}. A '{profile.name}' takes nothing else; secp384r1 is the best choice."
    )
    raise RefusedError(
        f"The key is {describe(key)}: too weak, or of a kind that is not taken.", where=where, remedy=remedy
    )


def encrypted_pem(key: PrivateKey, passphrase: bytes) -> bytes:
    """PKCS#8 under scrypt (RFC 7914) and AES-256-CBC, which `openssl pkey` opens too.

    The library would write PBKDF2 with few rounds; a stolen disk must not be a matter of days.
    """
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, iv = os.urandom(16), os.urandom(16)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(_stretched(passphrase, salt)), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    costs = b"".join(_der(0x02, _unsigned(n)) for n in (SCRYPT_N, SCRYPT_R, SCRYPT_P, 32))
    kdf = _der(0x30, _der(0x06, _SCRYPT) + _der(0x30, _der(0x04, salt) + costs))
    scheme = _der(0x30, _der(0x06, _AES_256_CBC) + _der(0x04, iv))
    algorithm = _der(0x30, _der(0x06, _PBES2) + _der(0x30, kdf + scheme))
    return _pem("ENCRYPTED PRIVATE KEY", _der(0x30, algorithm + _der(0x04, sealed)))


def plain_pem(key: PrivateKey) -> bytes:
    """For the host that uses the key by itself; the file's mode protects it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load(pem: bytes, passphrase: bytes | None, where: str) -> PrivateKey:
    """Raises PassphraseError, or PkiError when the file is no key that is made here."""
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except TypeError:
        says = (
            "is not encrypted, but a passphrase was given"
            if passphrase
            else "is encrypted, but no passphrase was given"
        )
        raise PassphraseError(f"The key {says}.", where=where) from None
    except ValueError as error:
        if passphrase and b"ENCRYPTED" in pem:
            remedy = "Try again with the right one. There is no way around a forgotten one."
            raise PassphraseError("The passphrase does not open the key.", where=where, remedy=remedy) from None
        raise PkiError("This is no private key in PEM.", where=where, remedy="Name another file.") from error
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key
    raise PkiError("The key is not of an elliptic curve.", where=where, remedy="Let `pki csr` make a new one.")


def bundle(
    key: PrivateKey, certificate: x509.Certificate, ca: x509.Certificate, passphrase: bytes, form: Format, name: str
) -> bytes:
    """Key, certificate and authority in one file, under a passphrase."""
    if form == "pem":
        parts = (certificate, ca)
        return encrypted_pem(key, passphrase) + b"".join(c.public_bytes(serialization.Encoding.PEM) for c in parts)
    return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [ca], _pkcs12(form, passphrase))


def _pkcs12(form: Format, passphrase: bytes) -> serialization.KeySerializationEncryption:
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(600_000)
    if form == "pkcs12-legacy":  # for devices that know nothing newer; the passphrase has to be random
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303
    else:
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    return builder.build(passphrase)


def _stretched(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase)


def _der(tag: int, content: bytes) -> bytes:
    """One element of DER. Content below 64 KiB."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _unsigned(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _pem(label: str, der: bytes) -> bytes:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()
