"""Which keys a host trusts, and whether one of them made a signature. Ed25519, by Debian's openssl."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from .errors import AbsentError, RefusedError, ToolError

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)-----END PUBLIC KEY-----")
_ED25519 = bytes.fromhex("302a300506032b6570032100")
"""what an Ed25519 SubjectPublicKeyInfo begins with (RFC 8410); 32 bytes of key follow"""
KEY_BYTES = len(_ED25519) + 32


def key_id(der: bytes) -> str:
    """The name of a public key: the first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo."""
    return hashlib.sha256(der).hexdigest()[:16]


def keys(path: Path) -> dict[str, bytes]:
    """Trusted keys by id, as DER: from one file with any number of PEM blocks, or all *.pem of a directory.

    Raises AbsentError without any, RefusedError when another user could have put a key there or one is no Ed25519 key.
    """
    files = sorted(path.glob("*.pem")) if path.is_dir() else [path]
    for each in (path, *files):
        _kept_by_us(each)
    found = {key_id(der): der for file in files for der in _keys_of(file)}
    if not found:
        raise AbsentError(
            "No key is trusted.", where=str(path), remedy="Put release-*.pub.pem of `scripts/release key` there."
        )
    return found


def _kept_by_us(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        remedy = "Name the file or directory of trusted keys with --trust."
        raise AbsentError("The trusted keys cannot be read.", where=str(path), remedy=remedy) from error
    if status.st_uid not in (0, os.geteuid()) or stat.S_IMODE(status.st_mode) & 0o022:
        remedy = f"chown root {path}; chmod go-w {path}, after a look at who wrote it."
        raise RefusedError("Others can change which keys are trusted.", where=str(path), remedy=remedy)


def _keys_of(file: Path) -> list[bytes]:
    blocks = [_decoded(block, file) for block in _PEM.findall(file.read_bytes())]
    if any(len(der) != KEY_BYTES or not der.startswith(_ED25519) for der in blocks):
        raise RefusedError("A trusted key is no Ed25519 key.", where=str(file), remedy="Replace it by the right one.")
    return blocks


def _decoded(block: bytes, file: Path) -> bytes:
    try:
        return base64.b64decode(b"".join(block.split()), validate=True)
    except binascii.Error as error:
        raise RefusedError(
            "A trusted key is damaged.", where=str(file), remedy="Replace it by the right one."
        ) from error


def signed_by(der: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key `der` signed `message`. Raises ToolError without openssl 3."""
    openssl = shutil.which("openssl", path="/usr/bin:/bin:/usr/local/bin")
    if openssl is None:
        raise ToolError("openssl is not installed: no signature can be verified.", remedy="apt-get install openssl")
    if len(signature) != 64:
        return False
    with tempfile.TemporaryDirectory(prefix="proforma-") as scratch:
        for name, data in (("key", der), ("message", message), ("signature", signature)):
            (Path(scratch) / name).write_bytes(data)
        command = [openssl, "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"]
        command += ["-inkey", "key", "-in", "message", "-sigfile", "signature"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "Signature Verified Successfully" in done.stdout
