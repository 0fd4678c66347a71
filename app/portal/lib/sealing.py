"""Secrets that one process may write and only another may read: sealed to a public key.

A fresh X25519 key for each secret, agreed with the reader's; HKDF-SHA256; AES-256-GCM with the secret's name as
associated data, so that what was sealed under one name opens under no other. Keys and sealed texts are base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.domain.errors import PortalError

CONTEXT = b"proforma sealed credential 1"
KEY_BYTES, NONCE_BYTES = 32, 12


class SealingError(PortalError):
    """A key or a sealed text cannot be used. Never holds the content."""

    code = "sealing.error"


def pair() -> tuple[str, str]:
    """A new (private key, public key)."""
    private = X25519PrivateKey.generate()
    return _text(private.private_bytes_raw()), _text(private.public_key().public_bytes_raw())


def public_of(private: str) -> str:
    """The public key that belongs to a private one. Raises SealingError."""
    return _text(X25519PrivateKey.from_private_bytes(_key(private)).public_key().public_bytes_raw())


def key_id(public: str) -> str:
    """Sixteen hexadecimal digits by which people tell keys apart. Raises SealingError."""
    return hashlib.sha256(_key(public)).hexdigest()[:16]


def seal(public: str, name: str, text: str) -> str:
    """Raises SealingError when the key is none."""
    fresh, reader, nonce = X25519PrivateKey.generate(), _key(public), os.urandom(NONCE_BYTES)
    ours = fresh.public_key().public_bytes_raw()
    secret = _derive(fresh.exchange(X25519PublicKey.from_public_bytes(reader)), ours, reader)
    return _text(ours + nonce + AESGCM(secret).encrypt(nonce, text.encode(), name.encode()))


def unseal(private: str, name: str, sealed: str) -> str:
    """Raises SealingError when it was sealed for another key or name, or altered."""
    key, raw = X25519PrivateKey.from_private_bytes(_key(private)), _bytes(sealed)
    ours, nonce, rest = raw[:KEY_BYTES], raw[KEY_BYTES : KEY_BYTES + NONCE_BYTES], raw[KEY_BYTES + NONCE_BYTES :]
    try:
        agreed = key.exchange(X25519PublicKey.from_public_bytes(ours))
        secret = _derive(agreed, ours, key.public_key().public_bytes_raw())
        return AESGCM(secret).decrypt(nonce, rest, name.encode()).decode()
    except (InvalidTag, ValueError):
        remedy = "Set it again in the portal; the worker's key may have been changed since."
        raise SealingError("What was sealed cannot be opened.", where=name, remedy=remedy) from None


def _derive(agreed: bytes, sender: bytes, reader: bytes) -> bytes:
    """Both public keys go into the derivation, as in HPKE (RFC 9180)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=CONTEXT + sender + reader).derive(agreed)


def _key(text: str) -> bytes:
    raw = _bytes(text)
    if len(raw) != KEY_BYTES:
        raise SealingError("This is no key.", remedy="Make a pair: manage.py sealing_key --out FILE.")
    return raw


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SealingError("This is no base64.", remedy="Make a pair: manage.py sealing_key --out FILE.") from None


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
