"""Passphrases: from a prompt, a file or a file descriptor. Never from the command line or the environment, which
others on the machine can read."""

from __future__ import annotations

import getpass
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from scripts.pki_lib.errors import PassphraseError

LEAST = 12
"""characters of a new one"""
MOST_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a passphrase comes from; with neither file nor fd, from a prompt. `what`: "authority", "backup", ..."""

    what: str
    option: str
    file: Path | None = None
    fd: int | None = None

    def existing(self) -> bytes:
        """One that is in use. Raises PassphraseError."""
        return self._given() or self._asked(f"Passphrase of the {self.what}: ")

    def new(self) -> bytes:
        """One that is chosen now, asked for twice at a prompt. Raises PassphraseError."""
        given = self._given()
        chosen = given or self._asked(f"New passphrase of the {self.what}: ")
        if given is None and self._asked("Once more: ") != chosen:
            raise PassphraseError("The two passphrases differ.", where="prompt", remedy="Try again.")
        if len(chosen.decode("utf-8", "replace")) < LEAST:
            remedy = f"Use {LEAST} or more, best five or more random words."
            raise PassphraseError(
                f"The passphrase of the {self.what} has too few characters.", where=self._place(), remedy=remedy
            )
        return chosen

    def _given(self) -> bytes | None:
        if self.file is not None:
            return self._checked(self._from_file(self.file))
        if self.fd is not None:
            return self._checked(self._from_fd(self.fd))
        return None

    def _from_file(self, path: Path) -> bytes:
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077:
                remedy = f"Close it: chmod 600 {path}."
                raise PassphraseError("Others can read the passphrase.", where=str(path), remedy=remedy)
            with path.open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except OSError as error:
            remedy = f"Name another file with {self.option}-file, or leave it out to be asked."
            raise PassphraseError(
                f"The passphrase cannot be read: {error.strerror}.", where=str(path), remedy=remedy
            ) from error

    def _from_fd(self, fd: int) -> bytes:
        try:
            with os.fdopen(fd, "rb", closefd=False) as file:
                return file.read(MOST_BYTES + 1)
        except OSError as error:
            remedy = f"Open it, for example: {self.option}-fd {fd} {fd}<FILE."
            raise PassphraseError(
                f"The passphrase cannot be read: {error.strerror}.", where=f"fd {fd}", remedy=remedy
            ) from error

    def _asked(self, prompt: str) -> bytes:
        try:
            with Path("/dev/tty").open("rb"):
                pass
        except OSError as error:
            remedy = f"Give it with {self.option}-file FILE or {self.option}-fd N, or run this at a terminal."
            raise PassphraseError(
                f"There is nobody to ask for the passphrase of the {self.what}.", remedy=remedy
            ) from error
        return self._checked(getpass.getpass(prompt).encode())

    def _checked(self, raw: bytes) -> bytes:
        passphrase = raw.removesuffix(b"\n").removesuffix(b"\r")
        if passphrase and len(raw) <= MOST_BYTES and b"\n" not in passphrase and b"\0" not in passphrase:
            return passphrase
        remedy = f"It is one line of at most {MOST_BYTES} bytes."
        raise PassphraseError(
            f"The passphrase of the {self.what} is empty or no line.", where=self._place(), remedy=remedy
        )

    def _place(self) -> str:
        return str(self.file) if self.file else f"fd {self.fd}" if self.fd is not None else "prompt"
