"""Profiles with which staff connect: macOS and iOS, Windows, Linux. All reach the portal and nothing else.

The gateway's identity has to resolve to its service address in public DNS: Apple and Windows dial the name that stands
in the certificate.
"""

from __future__ import annotations

import plistlib
import re
import uuid
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID

from strongswan.render.algorithms import Profile
from strongswan.render.host import common, environment
from strongswan.render.house import House
from strongswan.render.kinds import MAIL
from strongswan.render.problems import Problem, RefusedError

Method = Literal["pubkey", "eap-tls"]
NAMESPACE = uuid.UUID("8f0e7a52-5b1a-4d0e-9c5e-3b1f7c1b2d10")  # so that a profile replaces its earlier self


def linux(house: House, person: str, method: Method = "pubkey") -> str:
    """swanctl.conf for a laptop. `person`: the subjectAltName of the certificate, for example anna@provider.example.

    Raises RefusedError when it is no mail address.
    """
    _checked(person)
    profile = _profile(house)
    values = {**common(house), "person": person, "method": method, "ike": profile.ike[0], "esp": profile.esp[0]}
    return environment().get_template("staff/linux.swanctl.conf.j2").render(values)


def windows(house: House) -> str:
    """A PowerShell script, the same for everyone: certificate and key are given to it as files."""
    values = {**common(house), "ike": _words(house, "ike", "windows"), "esp": _words(house, "esp", "windows")}
    return environment().get_template("staff/windows.ps1.j2").render(values)


def apple(house: House, person: str, authority: bytes, identity: bytes, password: str) -> bytes:
    """A .mobileconfig for macOS and iOS with the person's key in it: hand it over as you would the key.

    `authority`: PEM of what signed the gateway's certificate; `identity`: PKCS#12, opened here with `password` only to
    learn the key's type; the device asks for the password again. Raises ValueError when either cannot be read.
    """
    _checked(person)
    root = x509.load_pem_x509_certificate(authority)
    key, _, _ = pkcs12.load_key_and_certificates(identity, password.encode())
    kind = f"ECDSA{key.curve.key_size}" if isinstance(key, ec.EllipticCurvePrivateKey) else "RSA"
    parts = [
        _payload(house, person, "com.apple.security.root", PayloadContent=root.public_bytes(Encoding.DER)),
        _payload(house, person, "com.apple.security.pkcs12", PayloadContent=identity),
        _vpn(house, person, _common_name(root), kind),
    ]
    outer = _payload(house, person, "Configuration", PayloadContent=parts, PayloadRemovalDisallowed=False)
    return plistlib.dumps(outer)


def _checked(person: str) -> None:
    if not re.fullmatch(MAIL, person, re.ASCII):
        remedy = "Write the mail address that stands in the certificate, for example anna@provider.example."
        raise RefusedError([Problem(person or "PERSON", 1, "That is no mail address.", remedy)])


def _vpn(house: House, person: str, issuer: str, certificate_type: str) -> dict[str, Any]:
    gateway = house.gateway
    details = {
        "RemoteAddress": gateway.identity,
        "RemoteIdentifier": gateway.identity,
        "LocalIdentifier": person,
        "AuthenticationMethod": "Certificate",
        "PayloadCertificateUUID": _uuid(house, person, "com.apple.security.pkcs12"),
        "CertificateType": certificate_type,
        "ServerCertificateIssuerCommonName": issuer,
        "ServerCertificateCommonName": gateway.identity,
        "EnablePFS": 1,
        "DeadPeerDetectionRate": "Medium",
        "DisableMOBIKE": 0,
        "IKESecurityAssociationParameters": _association(house, "ike"),
        "ChildSecurityAssociationParameters": _association(house, "esp"),
    }
    names = {"UserDefinedName": gateway.staff.name, "VPNType": "IKEv2", "IKEv2": details}
    return _payload(house, person, "com.apple.vpn.managed", **names)


def _association(house: House, exchange: Literal["ike", "esp"]) -> dict[str, Any]:
    words = _words(house, exchange, "apple")
    life = house.profiles.lifetimes
    minutes = (life.ike_rekey if exchange == "ike" else life.child_rekey) // 60
    # for AES-GCM the integrity algorithm of IKE names the PRF; ESP has none, and Apple wants a value all the same
    digest = words.get("prf") or _words(house, "ike", "apple")["prf"]
    return {
        "EncryptionAlgorithm": words["encryption"],
        "IntegrityAlgorithm": digest,
        "DiffieHellmanGroup": int(words["group"]),
        "LifeTimeInMinutes": minutes,
    }


def _payload(house: House, person: str, kind: str, **content: Any) -> dict[str, Any]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{house.gateway.staff.name}.{kind.lower()}",
        "PayloadUUID": _uuid(house, person, kind),
        "PayloadDisplayName": house.gateway.staff.name,
        **content,
    }


def _uuid(house: House, person: str, kind: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{house.gateway.identity}/{person}/{kind}")).upper()


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise ValueError("The authority's certificate has no common name; Apple's devices identify it by that.")
    return str(names[0].value)


def _profile(house: House) -> Profile:
    return house.profiles.profiles[house.gateway.staff.profile]


def _words(house: House, exchange: Literal["ike", "esp"], system: Literal["apple", "windows"]) -> dict[str, str]:
    allowed = house.profiles.algorithms
    proposal: str = getattr(_profile(house), exchange)[0]
    return {str(allowed.kind(word)): str(getattr(allowed.words(word), system)) for word in proposal.split("-")}
