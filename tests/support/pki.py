"""An authority for one test, and somebody at the keyboard."""

from __future__ import annotations

import atexit
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from cryptography import x509

from scripts.pki_lib import keys
from scripts.pki_lib.__main__ import main
from scripts.pki_lib.index import Index
from scripts.pki_lib.store import Store

NOW = datetime.now(UTC).replace(microsecond=0)
SECRET = "seven plain words that nobody guesses\n"
OTHER = "eight other words that nobody guesses either\n"
NAMED = ("--organisation", "Example Services", "--name", "Example VPN CA")
SIGNING = ("init", "sign", "issue", "renew", "revoke", "crl", "adopt", "passphrase")
KEEPING = ("backup", "restore")


@dataclass
class Desk:
    """Runs commands as an administrator does, with passphrases from files. `now` can be moved."""

    folder: Path
    now: datetime = NOW
    state: Path = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        for name, secret in (("secret", SECRET), ("other", OTHER)):
            (self.folder / name).write_text(secret)
            (self.folder / name).chmod(0o600)

    def run(self, command: str, *arguments: str | Path) -> int:
        given = [command, *map(str, arguments)]
        if command != "csr" and "--state" not in given:
            given += ["--state", str(self.state)]
        if command in SIGNING and "--passphrase-file" not in given:
            given += ["--passphrase-file", str(self.folder / "secret")]
        if command in KEEPING:
            given += ["--backup-passphrase-file", str(self.folder / "other")]
        try:
            return main(given, self.now)
        except SystemExit as end:
            return int(end.code or 0)

    def init(self) -> int:
        """One for everybody, so that a test needs no second."""
        return self.run("init", "--for", "all", *NAMED)

    def request(self, profile: str, *identities: str, key: str = "") -> Path:
        """A request as the host makes it with `pki csr`; a key of its own, or the one of before."""
        key = key or f"{profile}-{identities[0]}"
        out = self.folder / f"{key}.csr"
        assert self.run("csr", profile, *_each(identities), "--key", self.folder / f"{key}.key", "--out", out) == 0
        return out

    def sign(self, profile: str, name: str, *identities: str, key: str = "", more: tuple[str, ...] = ()) -> Path:
        """A certificate from such a request."""
        request, out = self.request(profile, *identities, key=key or name), self.folder / f"{name}.crt"
        given = [profile, name, "--csr", str(request), *_each(identities), "--out", str(out), *more]
        assert self.run("sign", *given) == 0
        return out

    def issue(self, name: str, *identities: str, profile: str = "staff") -> Path:
        """Key and certificate in a PKCS#12, under the other passphrase."""
        out = self.folder / f"{name}.p12"
        given = (profile, name, "--make-key", "--out", out, "--key-passphrase-file", self.folder / "other")
        assert self.run("issue", *given, *_each(identities)) == 0
        return out

    def after(self, days: int) -> Desk:
        self.now = NOW + timedelta(days=days)
        return self

    @property
    def store(self) -> Store:
        return Store(self.state)

    @property
    def index(self) -> Index:
        return self.store.index()

    @property
    def ca(self) -> Path:
        return self.state / "ca.crt"

    @property
    def crl(self) -> Path:
        return self.state / "crl.pem"

    def untouched(self) -> dict[str, bytes]:
        """Everything that is in the state, but for the lock, to compare before and after."""
        files = (p for p in sorted(self.state.rglob("*")) if p.is_file() and p.name != "lock")
        return {str(p.relative_to(self.state)): p.read_bytes() for p in files}


def desk(folder: Path) -> Desk:
    """With an authority of today, made once for all tests of the process."""
    made = Desk(folder)
    shutil.copytree(_made_once(), made.state)
    return made


def said(capfd: pytest.CaptureFixture[str], pattern: str) -> str:
    """What a person was told, which has to match."""
    message: str = capfd.readouterr().err
    assert re.search(pattern, message, flags=re.S), message
    return message


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _each(identities: tuple[str, ...]) -> list[str]:
    return [part for identity in identities for part in ("--identity", identity)]


@cache
def _made_once() -> Path:
    """Its key is quickly opened; what the real cost is, a test of its own says."""
    first = Desk(Path(mkdtemp(prefix="proforma-pki-tests-")))
    atexit.register(shutil.rmtree, first.folder, ignore_errors=True)
    cost, keys.SCRYPT_N = keys.SCRYPT_N, 2**4
    try:
        assert first.init() == 0
    finally:
        keys.SCRYPT_N = cost
    return first.state
