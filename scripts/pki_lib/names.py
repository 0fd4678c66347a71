"""Identities: how they are written, checked and put into a certificate. Pure.

An identity is `(kind, value)`; kinds are those of RFC 5280's subjectAltName that peers of a VPN use. Written as
`vpn.example.net`, `mara@example.net` or `192.0.2.7`: what it is shows in how it is written.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from scripts.pki_lib.errors import RefusedError

Kind = Literal["dns", "email", "ip", "other"]
WORDS: dict[Kind, str] = {
    "dns": "a host name with its domain (vpn.example.net)",
    "email": "an e-mail address (mara@example.net)",
    "ip": "an IP address (192.0.2.7)",
    "other": "of a kind that is never issued here",
}
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""userPrincipalName: where Windows looks for the name of a person"""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{4,253}}$){_LABEL}(?:\.{_LABEL})*\.(?!\d+$){_LABEL}")
_LOCAL = re.compile(r"[a-z0-9][a-z0-9._+-]{0,63}")
_HANDLE = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """`value` is in lower case and canonical, so that two spellings of one identity are equal."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return self.value

    def general_names(self) -> list[x509.GeneralName]:
        """The entries in subjectAltName. A person's address is also there as UPN, which is what Windows reads."""
        if self.kind == "dns":
            return [x509.DNSName(self.value)]
        if self.kind == "ip":
            return [x509.IPAddress(ipaddress.ip_address(self.value))]
        return [x509.RFC822Name(self.value), x509.OtherName(UPN, _utf8_string(self.value))]


def parse(text: str) -> Identity:
    """An identity as a person writes it. Raises RefusedError."""
    value = text.strip().lower()
    if "@" in value:
        return _email(value)
    try:
        return Identity("ip", str(ipaddress.ip_address(value)))
    except ValueError:
        return _host(value)


def handle(text: str) -> str:
    """The short name under which a certificate is kept. Raises RefusedError."""
    if _HANDLE.fullmatch(text) and text != "ca":
        return text
    raise RefusedError(
        f"'{text}' cannot be the name of a certificate.",
        where="NAME",
        remedy="Use up to 63 small letters, figures, dots and hyphens, for example gw-a or mara-laptop; 'ca' is taken.",
    )


def of_alternative_names(names: Iterable[x509.GeneralName]) -> frozenset[Identity]:
    """What a request or certificate calls itself; UPN and address of one person are one identity."""
    return frozenset(_of_general_name(name) for name in names)


def of_request(csr: x509.CertificateSigningRequest) -> frozenset[Identity]:
    """The names a request asks for: its subjectAltName, or where it has none (many gateways), its common name."""
    try:
        extension = csr.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        common = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return frozenset(_or_other(str(attribute.value)) for attribute in common)
    return of_alternative_names(extension if isinstance(extension, x509.SubjectAlternativeName) else ())


def _of_general_name(name: x509.GeneralName) -> Identity:
    if isinstance(name, x509.OtherName) and name.type_id == UPN:
        return _or_other(name.value[2:].decode("utf-8", "replace"))
    if isinstance(name, x509.DNSName | x509.RFC822Name | x509.IPAddress):
        return _or_other(str(name.value))
    return Identity("other", str(getattr(name, "value", name)))


def _or_other(text: str) -> Identity:
    try:
        return parse(text)
    except RefusedError:
        return Identity("other", text)


def _email(value: str) -> Identity:
    local, _, domain = value.partition("@")
    if _LOCAL.fullmatch(local) and ".." not in local and _HOST.fullmatch(domain) and len(value) < 128:
        return Identity("email", value)
    raise _refused(value, "email")


def _host(value: str) -> Identity:
    if _HOST.fullmatch(value):
        return Identity("dns", value)
    raise _refused(value, "dns")


def _refused(value: str, kind: Kind) -> RefusedError:
    remedy = f"Write {WORDS[kind]}; no wildcard, no trailing dot, letters beyond ASCII as xn--."
    return RefusedError(f"'{value}' is no identity.", where="--identity", remedy=remedy)


def _utf8_string(text: str) -> bytes:
    """DER of a UTF8String of less than 128 bytes, which _email sees to."""
    return bytes([0x0C, len(text)]) + text.encode("ascii")
