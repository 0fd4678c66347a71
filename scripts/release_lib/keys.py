"""Signing keys: Ed25519, encrypted, outside of any repository. Hosts get the public half."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from scripts.proforma_install.trust import key_id
from scripts.release_lib.errors import KeyFileError


def create(folder: Path, passphrase: bytes) -> tuple[Path, Path]:
    """Write release-ID.key.pem (mode 0600, encrypted) and release-ID.pub.pem into `folder`. Raises KeyFileError."""
    folder = folder.resolve()
    if any((above / ".git").exists() for above in (folder, *folder.parents)):
        remedy = "Name a directory outside, best on a medium that is kept in a safe."
        raise KeyFileError("That is inside a repository, where a key must never be.", where=str(folder), remedy=remedy)
    key = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = folder / f"release-{identity(key)}.key.pem"
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(sealed)
    public = folder / f"release-{identity(key)}.pub.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def load(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """Raises KeyFileError."""
    try:
        if path.stat().st_mode & 0o077:
            remedy = f"chmod 600 {path}, and make a new key if others may have read it."
            raise KeyFileError("Others can read the signing key.", where=str(path), remedy=remedy)
        key = load_pem_private_key(path.read_bytes(), passphrase)
    except OSError as error:
        remedy = "Name the file that `scripts/release key` wrote with --key."
        raise KeyFileError(
            f"The signing key cannot be read: {error.strerror}.", where=str(path), remedy=remedy
        ) from error
    except (ValueError, TypeError) as error:
        raise KeyFileError(
            "The passphrase is wrong, or the key is damaged.", where=str(path), remedy="Try again."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("That is no Ed25519 key.", where=str(path), remedy="Make one with `scripts/release key`.")
    return key


def identity(key: Ed25519PrivateKey) -> str:
    """The id under which hosts know the public half."""
    return key_id(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
