"""The commands that sign: each reads what it was told, asks for what is missing, and leaves the rest to `authority`."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from scripts.pki_lib import audit, authority, certificates, files, keys, names, outputs, rules, signing_requests, store
from scripts.pki_lib.authority import Authority, Issued
from scripts.pki_lib.errors import RefusedError, UsageError
from scripts.pki_lib.options import origin
from scripts.pki_lib.outputs import say
from scripts.pki_lib.profiles import PROFILES
from scripts.pki_lib.rules import Order

PUBLIC, PRIVATE = 0o644, 0o600


@dataclass(frozen=True, slots=True)
class Material:
    """What gets a certificate: a public key from a request, or a key made here and the passphrase to hand it out."""

    public: Any
    source: str
    key: keys.PrivateKey | None = None
    passphrase: bytes = b""


def init(given: Namespace, now: datetime) -> int:
    settings = store.Settings(
        _subject_text(given.organisation, "--organisation"),
        _subject_text(given.name, "--name"),
        tuple(names.parse(f"x@{domain}").value[2:] for domain in given.staff_domain),
        _url(given.crl_url),
        given.purpose,
    )
    if (given.state / store.SETTINGS).is_file() and store.open_store(given.state).settings == settings:
        say(f"The authority is there already, as asked for: {given.state}. Nothing was changed.")
        return 0
    store.may_be_made(given.state)
    passphrase = origin(given, "", "authority").new()
    ca = authority.create(given.state, settings, passphrase, now, audit.administrator(), given.days)
    say(f"The authority '{given.name}' is in {given.state}, until {ca.not_valid_after_utc:%Y-%m-%d}.")
    say(f"SHA-256 of its certificate: {certificates.sha256(ca)}")
    say("Next: `pki backup --out FILE`, and the passphrase on paper, in a safe, apart from the backup.")
    return 0


def csr(given: Namespace, _now: datetime) -> int:
    profile, identities = PROFILES[given.profile], tuple(map(names.parse, given.identity))
    rules.check_order(Order(profile, "csr", identities, profile.days), ())
    outputs.ready(given.out, replace=True)
    if given.out == given.key:
        raise UsageError("Key and request cannot be one file.", where="--out", remedy="Name another for the request.")
    key = _key_on_this_host(given)
    keys.judge(key.public_key(), profile, str(given.key))
    request = signing_requests.make(key, identities)
    outputs.write(given.out, certificates.pem(request), PUBLIC, replace=True)
    say(f"SHA-256 of the public key, to compare by phone: {keys.fingerprint(key.public_key())}")
    return 0


def sign(given: Namespace, now: datetime) -> int:
    order = _order(given)
    settings = store.open_store(given.state).settings
    rules.check_order(order, settings.staff_domains, settings.purpose)
    material = _from_request(given, order)
    outputs.ready(given.out, given.state, replace=True)
    _hand_out(given, order, material, _open(given, now))
    return 0


def issue(given: Namespace, now: datetime) -> int:
    order = _order(given)
    settings = store.open_store(given.state).settings
    rules.check_order(order, settings.staff_domains, settings.purpose)
    if not given.make_key:
        remedy = (
            "Make key and request on the host that uses them (`pki csr`) and sign that (`pki sign`), or say --make-key."
        )
        raise UsageError("A key is only made here when that is meant.", where="--make-key", remedy=remedy)
    _hand_out(given, order, _key_made_here(given, order), _open(given, now))
    return 0


def renew(given: Namespace, now: datetime) -> int:
    state = store.open_store(given.state)
    entry = state.index().find(given.name, now)
    if entry.revoked_at:
        remedy = "Access anew is a decision anew: `pki sign` or `pki issue`."
        raise RefusedError(f"'{entry.name}' was revoked ({entry.reason}).", where=entry.serial, remedy=remedy)
    order = authority.order_of_renewal(entry, given.days)
    if bool(given.csr) == given.make_key:
        raise UsageError("Renew needs a request or a new key.", remedy="Give either --csr FILE or --make-key.")
    material = _key_made_here(given, order) if given.make_key else _from_request(given, order)
    outputs.ready(given.out, given.state, replace=not given.make_key)
    opened = _open(given, now)
    issued = _hand_out(given, order, material, opened, same_key=given.same_key)
    if not issued.new:
        say("To renew it with the same key again, say --same-key.")
    if given.revoke_old and issued.new:
        opened.revoke(entry.serial, "superseded")
        say(f"The one before, serial {entry.serial}, is revoked. Hand the new list (`pki show crl`) to the gateways.")
    return 0


def revoke(given: Namespace, now: datetime) -> int:
    store.open_store(given.state).index().find(given.wanted, now)  # before anybody is asked for a passphrase
    _list_ready(given)
    entries, new = _open(given, now).revoke(given.wanted, given.reason)
    for entry in entries:
        word = "is revoked" if new else f"was revoked on {entry.revoked_at:%Y-%m-%d} by {entry.revoked_by}"
        say(f"'{entry.name}', serial {entry.serial}, {word}.")
    say("Now hand the list to the gateways; they drop cached lists and end live connections: docs/pki.md.")
    _write_list(given, store.open_store(given.state).crl)
    return 0


def crl(given: Namespace, now: datetime) -> int:
    _list_ready(given)
    made = _open(given, now).publish(given.days)
    say(f"List {certificates.crl_number(made)}: {len(made)} revoked, good until {made.next_update_utc:%Y-%m-%d}.")
    _write_list(given, made)
    return 0


def adopt(given: Namespace, now: datetime) -> int:
    try:
        certificate = x509.load_pem_x509_certificate(given.certificate.read_bytes())
    except ValueError as error:
        raise RefusedError("This is no certificate in PEM.", where=str(given.certificate)) from error
    name = names.handle(given.name)
    entry = _open(given, now).adopt(certificate, name)
    say(f"'{entry.name}', serial {entry.serial}, is in the register.")
    return 0


def passphrase(given: Namespace, now: datetime) -> int:
    opened = _open(given, now)
    new = origin(given, "new_", "authority").new()
    authority.change_passphrase(opened.store, opened.signer, new, now, opened.by)
    say("The authority has another passphrase. Backups of before still hold its key under the old one: make a new one.")
    return 0


def _open(given: Namespace, now: datetime) -> Authority:
    state = store.open_store(given.state)
    secret = origin(given, "", "authority").existing()
    return Authority(state, authority.open_signer(state, secret), now, audit.administrator())


def _order(given: Namespace) -> Order:
    profile = PROFILES[given.profile]
    identities = tuple(map(names.parse, given.identity))
    days = profile.days if given.days is None else given.days
    return Order(profile, names.handle(given.name), identities, days, given.shares_identity_with)


def _from_request(given: Namespace, order: Order) -> Material:
    where = "standard input" if given.csr == outputs.STDOUT else str(given.csr)
    raw = sys.stdin.buffer.read() if given.csr == outputs.STDOUT else given.csr.read_bytes()
    public = signing_requests.check(signing_requests.load(raw, where), order.profile, order.identities, where)
    expected, has = given.key_sha256.lower().replace(":", ""), keys.fingerprint(public)
    if expected and expected != has:
        remedy = "Somebody may have put another request in its place: speak to the sender on a number you know."
        raise RefusedError(f"The key has the fingerprint {has}, not the one expected.", where=where, remedy=remedy)
    return Material(public, "csr")


def _key_made_here(given: Namespace, order: Order) -> Material:
    if not order.profile.key_here:
        remedy = "Ask the customer for a request; their key is theirs alone."
        raise RefusedError(f"A key of a '{order.profile.name}' is never made here.", where="--make-key", remedy=remedy)
    if given.out == outputs.STDOUT:
        raise UsageError("A key is not written to a terminal.", where="--out", remedy="Name a file with --out.")
    outputs.ready(given.out, given.state)
    secret = origin(given, "key_", "file with the key").new()
    key = keys.make()
    return Material(key.public_key(), "key-made-here", key, secret)


def _hand_out(
    given: Namespace, order: Order, material: Material, opened: Authority, *, same_key: bool = False
) -> Issued:
    @contextlib.contextmanager
    def stage(certificate: x509.Certificate) -> Iterator[Callable[[], None]]:
        data, mode = certificates.pem(certificate), PUBLIC
        if material.key is not None:
            ca, secret = opened.signer.certificate, material.passphrase
            data, mode = keys.bundle(material.key, certificate, ca, secret, given.format, order.name), PRIVATE
        with outputs.staged(given.out, data, mode, replace=material.key is None) as place:
            yield place

    issued = opened.issue(order, material.public, material.source, stage, same_key=same_key)
    entry, word = issued.entry, "is issued" if issued.new else "was issued before for this key; nothing was changed"
    say(f"'{entry.name}' {word}: serial {entry.serial}, until {entry.not_after:%Y-%m-%d}.")
    return issued


def _key_on_this_host(given: Namespace) -> keys.PrivateKey:
    """The key in its file; made if there is none, never overwritten."""
    secret = origin(given, "key_", "key")
    if given.key.exists():
        if not files.private(given.key):
            remedy = f"Close it (chmod 600 {given.key}), or move it away and let a new one be made."
            raise RefusedError("Others on this host can read the key.", where=str(given.key), remedy=remedy)
        return keys.load(given.key.read_bytes(), secret.existing() if given.encrypt_key else None, str(given.key))
    files.writable(given.key, replace=False)
    key = keys.make()
    sealed = keys.encrypted_pem(key, secret.new()) if given.encrypt_key else keys.plain_pem(key)
    files.write(given.key, sealed, PRIVATE)
    return key


def _list_ready(given: Namespace) -> None:
    if given.out is not None:
        outputs.ready(given.out, given.state, replace=True)


def _write_list(given: Namespace, made: x509.CertificateRevocationList) -> None:
    if given.out is not None:
        form = serialization.Encoding.DER if given.der else serialization.Encoding.PEM
        outputs.write(given.out, made.public_bytes(form), PUBLIC, replace=True)


def _url(text: str) -> str:
    """Where peers fetch the list; by http, because fetching it by https would need a list in turn."""
    if not text or (text.startswith("http://") and text.isascii() and text.isprintable() and " " not in text):
        return text
    raise UsageError(
        f"'{text}' is no address of a list.", where="--crl-url", remedy="Write it like http://host/ca.crl."
    )


def _subject_text(text: str, option: str) -> str:
    if 1 <= len(text.strip()) <= 64 and text.isprintable():
        return text.strip()
    raise UsageError(
        f"'{text}' cannot stand in a certificate.", where=option, remedy="Use 1 to 64 printable characters."
    )
