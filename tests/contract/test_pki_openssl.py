"""What the authority makes, read by programs that nobody here wrote; and what they make, judged by the authority."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.pki import OTHER, SECRET, Desk, certificate, desk
from tests.support.tools import tool

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def everyone(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One certificate of each kind, and one that was revoked."""
    here = desk(tmp_path_factory.mktemp("pki"))
    here.sign("gateway", "gw-a", "vpn.example.net")
    here.sign("customer", "customer-a", "vpn.customer.example", "198.51.100.4")
    here.sign("portal", "portal", "portal.example.net", "proforma.example.net")
    here.sign("staff", "mara", "mara@example.net")
    here.sign("staff", "lost", "otto@example.net")
    assert here.run("revoke", "lost", "--reason", "key-compromise") == 0
    return here


def openssl(*arguments: str | Path, stdin: bytes = b"", fails: bool = False) -> str:
    done = subprocess.run(
        [tool("openssl", package="openssl"), *arguments], input=stdin, capture_output=True, check=False
    )
    text = (done.stdout + done.stderr).decode()
    assert (done.returncode != 0) is fails, text
    return text


def verify(here: Desk, name: str, *more: str, fails: bool = False) -> str:
    chain = ("-x509_strict", "-CAfile", here.ca, "-CRLfile", here.crl, "-crl_check")
    return openssl("verify", *chain, *more, here.folder / f"{name}.crt", fails=fails)


@pytest.mark.parametrize(
    ("name", "purpose", "other"),
    [
        ("gw-a", "sslserver", "sslclient"),
        ("portal", "sslserver", "sslclient"),
        ("mara", "sslclient", "sslserver"),
        ("customer-a", "any", "sslserver"),
    ],
)
def test_openssl_takes_a_certificate_for_its_purpose_and_for_no_other(
    everyone: Desk, name: str, purpose: str, other: str
) -> None:
    assert "OK" in verify(everyone, name, "-purpose", purpose)
    assert "unsuitable certificate purpose" in verify(everyone, name, "-purpose", other, fails=True)


def test_openssl_sees_a_revocation(everyone: Desk) -> None:
    assert "certificate revoked" in verify(everyone, "lost", fails=True)


@pytest.mark.parametrize(("name", "good"), [("gw-a", True), ("customer-a", True), ("mara", True), ("lost", False)])
def test_strongswan_judges_as_a_gateway_does(everyone: Desk, name: str, good: bool) -> None:
    command = [tool("pki", package="strongswan-pki"), "--verify", "--in", str(everyone.folder / f"{name}.crt")]
    command += ["--cacert", str(everyone.ca), "--crl", str(everyone.crl)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ("certificate trusted, lifetimes valid, certificate not revoked" in done.stdout) is good, done.stdout
    assert ("certificate was revoked" in done.stderr) is not good


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("gw-a", ["OU = Gateway, CN = vpn.example.net", "DNS:vpn.example.net", "TLS Web Server Authentication"]),
        ("gw-a", ["1.3.6.1.5.5.8.2.2", "ipsec Internet Key Exchange", "NIST CURVE: P-384", "ecdsa-with-SHA384"]),
        ("mara", ["OU = Staff", "email:mara@example.net, othername: UPN::mara@example.net", "Client Authentication"]),
        ("customer-a", ["OU = Customer gateway", "DNS:vpn.customer.example, IP Address:198.51.100.4"]),
        ("portal", ["OU = Portal", "DNS:portal.example.net, DNS:proforma.example.net"]),
    ],
)
def test_openssl_reads_in_a_certificate_what_its_profile_says(everyone: Desk, name: str, holds: list[str]) -> None:
    text = openssl("x509", "-in", everyone.folder / f"{name}.crt", "-noout", "-text")
    assert [part for part in [*holds, "CA:FALSE", "Digital Signature"] if part not in text] == []


def test_openssl_reads_number_reason_and_term_of_the_list(everyone: Desk) -> None:
    text = openssl("crl", "-in", everyone.crl, "-CAfile", everyone.ca, "-noout", "-text")
    serial = everyone.index.find("lost", everyone.now).serial
    for part in ("verify OK", f"Serial Number: {serial.upper()}", "Key Compromise", "X509v3 CRL Number", "Next Update"):
        assert part in text


def test_openssl_opens_the_authority_s_key_with_its_passphrase_and_no_other(tmp_path: Path) -> None:
    here, key = Desk(tmp_path), tmp_path / "state" / "ca.key"
    assert here.init() == 0
    shape = openssl("asn1parse", "-in", key)
    for part in (
        ":scrypt",
        ":aes-256-cbc",
        "INTEGER           :4000",
        "INTEGER           :08",
        "INTEGER           :05",
    ):
        assert part in shape
    assert "384 bit" in openssl("pkey", "-in", key, "-passin", "stdin", "-noout", "-text", stdin=SECRET.encode())
    openssl("pkey", "-in", key, "-passin", "stdin", "-noout", stdin=OTHER.encode(), fails=True)


@pytest.mark.parametrize("form", ["pkcs12", "pkcs12-legacy", "pem"])
def test_openssl_opens_what_is_handed_out_with_a_key_made_here(everyone: Desk, form: str) -> None:
    out, name = everyone.folder / form, f"nina-{form}"
    given = ["--identity", f"{name}@example.net", "--make-key", "--format", form, "--out", str(out)]
    assert everyone.run("issue", "staff", name, *given, "--key-passphrase-file", everyone.folder / "other") == 0
    assert out.stat().st_mode & 0o777 == 0o600
    if form == "pem":
        openssl("pkey", "-in", out, "-passin", "stdin", "-noout", stdin=OTHER.encode())
        pem = out
    else:
        legacy = ["-legacy"] if form == "pkcs12-legacy" else []
        pem = everyone.folder / f"{form}.pem"
        openssl("pkcs12", "-in", out, "-passin", "stdin", "-nodes", "-out", pem, *legacy, stdin=OTHER.encode())
        openssl("pkcs12", "-in", out, "-passin", "stdin", "-nokeys", *legacy, stdin=SECRET.encode(), fails=True)
    public = openssl("x509", "-in", pem, "-noout", "-pubkey")
    assert f"CN = {name}@example.net" in openssl("x509", "-in", pem, "-noout", "-subject")
    if form != "pem":
        assert openssl("pkey", "-in", pem, "-pubout") == public


def test_the_fingerprint_to_read_out_by_phone_is_the_one_that_openssl_shows(
    everyone: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    request = everyone.request("customer", "vpn.other.example")
    public = openssl("req", "-in", request, "-noout", "-pubkey", "-verify").partition("-----BEGIN")
    pem = ("-----BEGIN" + public[2]).encode()
    der = everyone.folder / "public.der"
    openssl("pkey", "-pubin", "-outform", "DER", "-out", der, stdin=pem)
    assert f"by phone: {hashlib.sha256(der.read_bytes()).hexdigest()}" in capfd.readouterr().err


def device_request(here: Desk, name: str, *kind: str, subject: str = "/CN=vpn.customer.example") -> Path:
    """As a customer's device makes it."""
    out = here.folder / f"{name}.csr"
    given = ("-nodes", "-keyout", here.folder / f"{name}.key", "-out", out, "-subj", subject)
    openssl("req", "-new", *kind, *given)
    return out


EC, SAN = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"), "subjectAltName=DNS:vpn.customer.example"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rsa3072", ("-newkey", "rsa:3072", "-addext", SAN)),
        ("p256-cn-only", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")),
        ("p521-der", ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-addext", SAN, "-outform", "DER")),
    ],
)
def test_the_request_of_a_device_with_a_good_key_is_signed(tmp_path: Path, name: str, kind: tuple[str, ...]) -> None:
    here = desk(tmp_path)
    given = ("--csr", device_request(here, name, *kind), "--identity", "vpn.customer.example")
    assert here.run("sign", "customer", name, *given, "--out", tmp_path / f"{name}.crt") == 0
    assert "OK" in verify(here, name)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (("-newkey", "rsa:2048", "-addext", SAN), "RSA 2048: too weak.*RSA of 3072 bits or more"),
        (("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-addext", SAN), "ECDSA secp256k1: too weak, or"),
        (("-newkey", "ed25519", "-addext", SAN), "Ed25519: too weak, or of a kind that is not taken"),
        (("-newkey", "dsa:PARAMETERS", "-addext", SAN), "DSA: too weak, or of a kind"),
        ((*EC, "-sha1", "-addext", SAN), "signed with SHA1.*SHA-256 or better"),
        (
            (*EC, "-addext", "subjectAltName=DNS:vpn.example.net"),
            "is for vpn.example.net, but vpn.customer.example is exp",
        ),
        ((*EC, "-addext", SAN + ",DNS:vpn.example.net"), "is for vpn.customer.example, vpn.example.net, but"),
        ((*EC, "-addext", SAN + ",URI:https://x"), "is for https://x, vpn.customer.example, but"),
        ((*EC, "-addext", SAN, "-addext", "basicConstraints=CA:TRUE"), "asks to become an authority"),
    ],
)
def test_a_request_that_must_not_be_signed_is_refused_and_nothing_changes(
    tmp_path: Path, kind: tuple[str, ...], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    here = desk(tmp_path)
    if "dsa:PARAMETERS" in kind:
        openssl("dsaparam", "-out", tmp_path / "dsa", "1024")
        kind = ("-newkey", f"dsa:{tmp_path / 'dsa'}", *kind[2:])
    request, before = device_request(here, "device", *kind), here.untouched()
    capfd.readouterr()
    given = ("--csr", request, "--identity", "vpn.customer.example", "--out", tmp_path / "c.crt")
    assert here.run("sign", "customer", "customer-a", *given) == 65
    message = capfd.readouterr().err
    assert re.search(says, message), message
    assert here.untouched() == before
    assert not (tmp_path / "c.crt").exists()


def test_a_request_that_was_changed_on_its_way_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    here = desk(tmp_path)
    der = device_request(here, "device", *EC, "-addext", SAN, "-outform", "DER")
    der.write_bytes(der.read_bytes().replace(b"customer", b"imposter"))
    given = ("--csr", der, "--identity", "vpn.imposter.example", "--out", tmp_path / "c.crt")
    assert here.run("sign", "customer", "customer-a", *given) == 65
    assert "not signed by its own key" in capfd.readouterr().err


def test_the_serial_shown_is_the_one_that_openssl_shows(everyone: Desk) -> None:
    path = everyone.folder / "gw-a.crt"
    shown = openssl("x509", "-in", path, "-noout", "-serial").strip().removeprefix("serial=").lower()
    assert shown == everyone.index.find("gw-a", everyone.now).serial
    assert 128 < certificate(path).serial_number.bit_length() <= 159
