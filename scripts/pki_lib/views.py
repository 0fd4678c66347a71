"""The commands that look, and those that keep: list, show, expiring, audit, check, backup, restore."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from scripts.pki_lib import audit, certificates, expiry, index, keys, names, outputs, signing_requests, store
from scripts.pki_lib import backup as sealed
from scripts.pki_lib import check as whole
from scripts.pki_lib.errors import RefusedError, StateError
from scripts.pki_lib.options import origin
from scripts.pki_lib.outputs import columns, say, tell, tell_json


def list_(given: Namespace, now: datetime) -> int:
    register = store.open_store(given.state).index()
    entries = [
        e
        for e in register.entries
        if given.profile in (None, e.profile) and (given.all or register.status(e, now) == "valid")
    ]
    if given.json:
        tell_json([index.entry_json(register, entry, now) for entry in entries])
        return 0
    rows = [("NAME", "PROFILE", "STATUS", "UNTIL", "IDENTITIES", "SERIAL")]
    for e in entries:
        until = f"{e.not_after:%Y-%m-%d}"
        rows.append((e.name, e.profile, register.status(e, now), until, ",".join(e.identities), e.serial))
    tell(columns(rows))
    return 0


def show(given: Namespace, now: datetime) -> int:
    if Path(given.wanted).is_file():
        return _show_file(Path(given.wanted), given)
    state = store.open_store(given.state)
    if given.wanted in ("ca", "crl"):
        thing = state.ca if given.wanted == "ca" else state.crl
        return _show(given, thing, _facts(thing))
    register = state.index()
    entry = register.find(given.wanted, now)
    facts = index.entry_json(register, entry, now)
    return _show(given, state.certificate(entry.serial), facts, outputs.entry_lines(register, entry, now))


def expiring(given: Namespace, now: datetime) -> int:
    state = store.open_store(given.state)
    found = expiry.endings(state.index(), state.ca.not_valid_after_utc, state.crl_number, now, given.days)
    if given.json:
        words = ("fine", "soon", "over")
        ending = [asdict(e) | {"level": words[e.level], "ends": e.ends.isoformat()} for e in found]
        tell_json({"status": words[expiry.exit_code(found)], "checked_at": now.isoformat(), "ending": ending})
    elif found:
        tell(columns([(e.name, f"{e.days} days", f"{e.ends:%Y-%m-%d}", e.remedy) for e in found]))
    else:
        say(f"Nothing ends within {given.days} days.")
    return expiry.exit_code(found)


def audit_(given: Namespace, _now: datetime) -> int:
    state = store.open_store(given.state)
    register, path = state.index(), state.path / store.AUDIT
    lines = list(audit.read(path))
    if given.json:
        tell_json(lines)
    else:
        rows = [(x["at"][:19], x["by"], x["action"], _told(x)) for x in lines]
        tell(columns(rows))
    faults = list(audit.faults(path, audit.Head(register.audit_lines, register.audit_head)))
    if faults:
        remedy = "Find out who had access; compare with the trail in the last backup."
        raise StateError(" ".join(faults), where=str(path), remedy=remedy)
    return 0


def _told(line: dict[str, Any]) -> str:
    serials = line.get("serials", [])
    return " ".join(str(part) for part in (line.get("name"), line.get("serial"), *serials, line.get("reason")) if part)


def check(given: Namespace, _now: datetime) -> int:
    report = whole.check(store.open_store(given.state))
    if given.json:
        tell_json(asdict(report))
    for note in report.notes:
        say(note)
    for problem in report.problems:
        say(str(problem))
    if report.problems:
        return StateError.exit_code
    say(f"{report.certificates} certificates, the register, the list and the audit trail agree.")
    return 0


def backup(given: Namespace, now: datetime) -> int:
    if given.verify:
        report = sealed.verify(_open_backup(given, given.verify))
        say(f"The backup opens and is whole: {report.certificates} certificates.")
        return 0
    state = store.open_store(given.state)
    outputs.ready(given.out, given.state)
    secret = origin(given, "backup_", "backup").new()
    data = sealed.seal(state, secret, now)
    outputs.write(given.out, data, 0o600)
    with state.lock() as register:
        state.commit(register, now, audit.administrator(), "backup", sha256=keys.digest(data))
    say(f"The backup is in {given.out} ({len(data)} bytes). Keep it apart from this machine and from its passphrase.")
    problems = whole.check(state).problems
    for problem in problems:
        say(str(problem))
    if problems:
        say("The backup was made, of a state that is damaged: keep the ones of before.")
    return StateError.exit_code if problems else 0


def restore(given: Namespace, now: datetime) -> int:
    store.may_be_made(given.state)
    opened = _open_backup(given, given.file)
    report = sealed.restore(opened, given.state, now, audit.administrator())
    say(f"The authority of {opened.made_at} is in {given.state}: {report.certificates} certificates.")
    say("What was issued or revoked later is not in it: `pki adopt` what the hosts have, revoke again, then `pki crl`.")
    return 0


def _open_backup(given: Namespace, path: Path) -> sealed.Opened:
    if path.stat().st_size > sealed.MOST_BYTES:
        raise RefusedError("The file is too large to be a backup.", where=str(path), remedy="Name another file.")
    return sealed.unseal(path.read_bytes(), origin(given, "backup_", "backup").existing(), str(path))


def _show_file(path: Path, given: Namespace) -> int:
    """A request, certificate or list that somebody sent."""
    raw = path.read_bytes()
    try:
        if b"BEGIN CERTIFICATE-----" in raw:
            thing: Any = x509.load_pem_x509_certificate(raw)
        elif b"BEGIN X509 CRL" in raw:
            thing = x509.load_pem_x509_crl(raw)
        else:
            thing = signing_requests.load(raw, str(path))
    except ValueError as error:
        raise RefusedError("The file cannot be read.", where=str(path), remedy="Ask for it in PEM.") from error
    return _show(given, thing, _facts(thing))


def _show(given: Namespace, thing: Any, facts: dict[str, Any], text: str = "") -> int:
    if given.out is not None:
        form = serialization.Encoding.DER if given.der else serialization.Encoding.PEM
        outputs.ready(given.out, given.state, replace=True)
        outputs.write(given.out, thing.public_bytes(form), 0o644, replace=True)
    elif given.json:
        tell_json(facts)
    else:
        tell(text or columns([(key, str(value)) for key, value in facts.items()]))
    return 0


def _facts(thing: Any) -> dict[str, Any]:
    if isinstance(thing, x509.CertificateRevocationList):
        revoked = [certificates.serial_text(r.serial_number) for r in thing]
        until = thing.next_update_utc
        return {"kind": "list", "number": certificates.crl_number(thing), "until": str(until), "revoked": revoked}
    public = thing.public_key()
    facts = {
        "subject": thing.subject.rfc4514_string(),
        "key": keys.describe(public),
        "key SHA-256": keys.fingerprint(public),
    }
    if isinstance(thing, x509.CertificateSigningRequest):
        identities = ", ".join(sorted(map(str, names.of_request(thing))))
        return {"kind": "request", **facts, "identities": identities, "signed by its key": thing.is_signature_valid}
    serial, until = certificates.serial_text(thing.serial_number), thing.not_valid_after_utc
    return {
        "kind": "certificate",
        **facts,
        "serial": serial,
        "until": str(until),
        "SHA-256": certificates.sha256(thing),
    }
