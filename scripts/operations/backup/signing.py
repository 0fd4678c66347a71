"""Who made a backup: the host's own Ed25519 key, whose signature lies beside the manifest.

manifest.json.sig is JSON: {"key": key id, "signature": base64}. Signed is SIGNED + the manifest's bytes; the manifest
says the backup's name (made_at) and the SHA-256 of every file. Sealing says who may read, this says who wrote.
"""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts.operations.backup.catalogue import SIGNATURE, Backup
from scripts.operations.errors import NOTHING, AbsentError, OperationError, RefusedError, UnreachableError
from scripts.proforma_install import errors, trust

SIGNED = b"proforma-backup-1\n"
"""before the signed bytes, so that a signature made for a release or for anything else never fits"""
MOST = 1 << 16
_FORGED = "Do not restore it: somebody has written to the place of backups. Find out who, and take another backup."


@dataclass(frozen=True, slots=True)
class Signer:
    """The private key of this host and its public half (DER)."""

    key: Path
    public: bytes

    @property
    def id(self) -> str:
        return trust.key_id(self.public)

    def signature(self, manifest: bytes) -> bytes:
        """What belongs into manifest.json.sig, after it was seen to fit. Raises OperationError."""
        with tempfile.NamedTemporaryFile(prefix="proforma-") as message:
            message.write(SIGNED + manifest)
            message.flush()
            made = _openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(self.key), "-in", message.name)
        if not trust.signed_by(self.public, SIGNED + manifest, made):
            raise OperationError("The signature that was made does not fit.", where=str(self.key))
        return json.dumps({"key": self.id, "signature": base64.b64encode(made).decode()}).encode() + b"\n"


def signer(key: Path) -> Signer:
    """This host's key, known to be usable. Raises AbsentError without one, RefusedError when others can read it."""
    try:
        mode = stat.S_IMODE(key.stat().st_mode)
    except FileNotFoundError:
        remedy = "Play appliance.yml, which makes it and brings its public half to the controller."
        raise AbsentError("This host has no key that signs backups.", where=str(key), remedy=remedy) from None
    if mode & 0o077:
        remedy = (
            "Remove it and play appliance.yml, which makes another; at the controller, trust the old one no longer."
        )
        raise RefusedError("Others can read the key that signs backups.", where=str(key), remedy=remedy)
    public = _openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")
    if len(public) != trust.KEY_BYTES:
        remedy = "Remove it and play appliance.yml, which makes another."
        raise RefusedError("The key that signs backups is no Ed25519 key.", where=str(key), remedy=remedy)
    return Signer(key, public)


def key_made(key: Path) -> bool:
    """Makes the key where there is none, and its public half beside it; whether the key is new."""
    key.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = not key.exists()
    if made:
        draft = key.with_name(f".{key.name}.new")
        _openssl("genpkey", "-algorithm", "ED25519", "-out", str(draft))  # mode 0600 from its first byte on
        draft.rename(key)
    public = public_half(key)
    half = _openssl("pkey", "-in", str(key), "-pubout")
    if not public.exists() or public.read_bytes() != half:
        public.write_bytes(half)
    public.chmod(0o644)
    return made


def public_half(key: Path) -> Path:
    return key.with_name("public.pem")


def verified(backup: Backup, trusted: Path, *, unsigned: bool = False) -> str:
    """Who signed it: the id of one of the keys in `trusted` (a file or directory), "" for one without a signature.

    unsigned: take one that has no signature; one that has a wrong signature is refused all the same.
    Raises RefusedError, AbsentError without keys, UnreachableError without openssl. Nothing was decrypted until then.
    """
    path = backup.path / SIGNATURE
    signed_by = ""
    if path.exists() or not unsigned:
        key, signature = _read(path)
        signed_by = _known(key, signature, backup, trusted)
    if (made_as := backup.manifest.get("made_at")) != backup.name:
        what = f"It was made as {made_as}, and lies here under another name."
        raise RefusedError(what, where=str(backup.path), kept=NOTHING, remedy=_FORGED)
    return signed_by


def _read(path: Path) -> tuple[str, bytes]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MOST))
        return str(found["key"])[:16], base64.b64decode(found["signature"], validate=True)
    except FileNotFoundError:
        remedy = "One of the time before backups were signed: give its name and --unsigned (restore_unsigned=true), if"
        remedy += " you know that nobody else could write there. Otherwise it may be forged: take another backup."
        raise RefusedError("The backup is not signed.", where=str(path), kept=NOTHING, remedy=remedy) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RefusedError("The signature is damaged.", where=str(path), kept=NOTHING, remedy=_FORGED) from None


def _known(key: str, signature: bytes, backup: Backup, trusted: Path) -> str:
    where = str(backup.path / SIGNATURE)
    try:
        keys = trust.keys(trusted)
        if key not in keys:
            remedy = f"Trusted here: {', '.join(keys)}. If you know it from another host, put its public half into the"
            remedy += f" controller's backup_trusted_keys (here: --trust). If nobody knows it: {_FORGED}"
            what = f"It is signed by {key!a}, whom nobody trusts here."
            raise RefusedError(what, where=where, kept=NOTHING, remedy=remedy)
        if trust.signed_by(keys[key], SIGNED + backup.raw, signature):
            return key
    except errors.InstallError as error:
        raise _translated(error) from None
    what = "The signature does not fit: the manifest is not the one that was written."
    raise RefusedError(what, where=where, kept=NOTHING, remedy=_FORGED)


def _translated(error: errors.InstallError) -> OperationError:
    """An error of trust.py, which speaks of releases, in the words of backups."""
    if isinstance(error, errors.AbsentError):
        remedy = (
            "Bring the public keys from the controller (its backup_trusted_keys): appliance.yml does it, or --trust."
        )
        return AbsentError(f"{error.what} No backup can be verified.", where=error.where, kept=NOTHING, remedy=remedy)
    kind = UnreachableError if isinstance(error, errors.ToolError) else RefusedError
    return kind(error.what, where=error.where, kept=NOTHING, remedy=error.remedy)


def _openssl(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except FileNotFoundError:
        raise UnreachableError("openssl is not installed.", remedy="apt-get install openssl") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
        raise OperationError(f"openssl {arguments[0]} failed: {said}", remedy="Is the key that signs backups whole?")
    return done.stdout
