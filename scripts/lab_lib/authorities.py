"""Certificates of one lab, made by scripts/pki as docs/pki.md has it: two authorities of ours, one of each customer.

`certificates/` gets NAME.crt and NAME.key of every holder, AUTHORITY-ca.pem and AUTHORITY-crl.pem of every authority.
"""

from __future__ import annotations

import contextlib
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.lab_lib.errors import LabError
from scripts.lab_lib.places import Lab
from scripts.lab_lib.topology import GATEWAY_IDENTITY, INTAKE_NAME, PORTAL_NAME
from scripts.pki_lib import __main__ as pki

DOMAIN = "provider.example"


@dataclass(frozen=True, slots=True)
class Authority:
    """`purpose`: what scripts/pki keeps apart."""

    name: str
    purpose: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Holder:
    authority: str
    profile: str
    name: str
    identity: str
    shares_with: str = ""


AUTHORITIES = (
    Authority("provider", "gateways", "Provider"),
    Authority("staff", "staff", "Provider"),
    Authority("example-a", "gateways", "Customer A"),
    Authority("example-b", "gateways", "Customer B"),
)
HOLDERS = (
    Holder("provider", "gateway", "vpn-a", GATEWAY_IDENTITY),
    Holder("provider", "gateway", "vpn-b", GATEWAY_IDENTITY, "vpn-a"),
    Holder("provider", "portal", "portal", PORTAL_NAME),
    Holder("provider", "portal", "intake", INTAKE_NAME),
    Holder("provider", "portal", "database", f"database.{DOMAIN}"),
    Holder("staff", "staff", "anna", f"anna@{DOMAIN}"),
    Holder("staff", "staff", "ben", f"ben@{DOMAIN}"),
    Holder("example-a", "gateway", "a-gateway", "vpn.customer-a.example"),
    Holder("example-a", "portal", "a-servicenow", "servicenow.corp.customer-a.example"),
    Holder("example-a", "portal", "a-sap", "sap.corp.customer-a.example"),
    Holder("example-a", "portal", "a-rt", "rt.corp.customer-a.example"),
    Holder("example-b", "portal", "b-sap", "sap.customer-b.example"),
)


def make(lab: Lab) -> str:
    """Everything that is not there yet; returns how much that was. Raises LabError."""
    lab.private(lab.state), lab.private(lab.pki), lab.private(lab.certificates)
    missing = [holder for holder in HOLDERS if not (lab.certificates / f"{holder.name}.crt").exists()]
    for authority in AUTHORITIES:
        _authority(lab, authority)
    for holder in missing:
        issue(lab, holder)
    return f"{len(missing)} certificates of {len(AUTHORITIES)} authorities"


def _authority(lab: Lab, authority: Authority) -> None:
    certificate, revoked = (lab.certificates / f"{authority.name}-{what}.pem" for what in ("ca", "crl"))
    state, at = lab.pki / authority.name, _at(lab, authority.name)
    if not (state / "ca.crt").exists() and not certificate.exists():
        passphrase = lab.pki / f"{authority.name}.passphrase"
        if not passphrase.exists():
            _private(passphrase, secrets.token_urlsafe(32))
        staff = ("--staff-domain", DOMAIN) if authority.purpose == "staff" else ()
        name = ("--organisation", authority.organisation, "--name", f"Lab {authority.name}")
        _pki("init", "--for", authority.purpose, *at, *name, *staff, *_opened(lab, authority.name))
    if not certificate.exists():
        _pki("show", *at, "crl", "--out", str(revoked))
        _pki("show", *at, "ca", "--out", str(certificate))


def issue(lab: Lab, holder: Holder) -> None:
    """Key and certificate of one holder. Raises LabError."""
    key, request, certificate = (lab.certificates / f"{holder.name}.{kind}" for kind in ("key", "csr", "crt"))
    identity = ("--identity", holder.identity)
    request.unlink(missing_ok=True)
    _pki("csr", holder.profile, *identity, "--key", str(key), "--out", str(request))
    shared = ("--shares-identity-with", holder.shares_with) if holder.shares_with else ()
    signing = (*_at(lab, holder.authority), *identity, *shared, "--csr", str(request), "--out", str(certificate))
    _pki("sign", holder.profile, holder.name, *signing, *_opened(lab, holder.authority))


def renew(lab: Lab, name: str) -> None:
    """A new key and a new certificate in the place of those of one of HOLDERS. Raises LabError."""
    holder = next(one for one in HOLDERS if one.name == name)
    certificate = lab.certificates / f"{name}.crt"
    key, request, draft = (lab.certificates / f"{name}.new.{kind}" for kind in ("key", "csr", "crt"))
    for path in (key, request, draft):
        path.unlink(missing_ok=True)
    _pki("csr", holder.profile, "--identity", holder.identity, "--key", str(key), "--out", str(request))
    renewing = (*_at(lab, holder.authority), name, "--csr", str(request), "--out", str(draft))
    _pki("renew", *renewing, *_opened(lab, holder.authority))
    key.replace(certificate.with_suffix(".key"))
    draft.replace(certificate)


def revoke(lab: Lab, authority: str, name: str) -> Path:
    """Revoke a certificate by name; returns the new list. Raises LabError."""
    revoked = lab.certificates / f"{authority}-crl.pem"
    revoked.unlink(missing_ok=True)
    _pki(
        "revoke",
        *_at(lab, authority),
        name,
        "--reason",
        "key-compromise",
        "--out",
        str(revoked),
        *_opened(lab, authority),
    )
    return revoked


def _at(lab: Lab, authority: str) -> tuple[str, ...]:
    return ("--state", str(lab.pki / authority))


def _opened(lab: Lab, authority: str) -> tuple[str, ...]:
    return ("--passphrase-file", str(lab.pki / f"{authority}.passphrase"))


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(f"{text}\n")


def _pki(*arguments: str) -> None:
    """In this process, whose umask stays: hosts are made at the same time, and scripts/pki names every mode itself."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = pki.main(arguments)
    if code:
        raise LabError(
            said.getvalue().strip(), where=f"scripts/pki {_shown(arguments)}", remedy="./scripts/lab down, then up."
        )


def _shown(arguments: Sequence[str]) -> str:
    return " ".join(arguments[:4])
