"""The four kinds of certificate, and why each is as it is. Pure; the table in README.md is generated from here."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from scripts.pki_lib.names import Kind

IKE_INTERMEDIATE = x509.ObjectIdentifier("1.3.6.1.5.5.8.2.2")
"""iKEIntermediate: Apple's clients and older gateways ask for it"""
IPSEC_IKE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.17")
"""id-kp-ipsecIKE: RFC 4945 5.1.3.12 lets a peer refuse an IKE certificate whose usages lack it"""

CA_DAYS = 3653
"""Ten years: replacing the authority touches every peer of every customer, so it is rare and planned."""
CRL_DAYS = 90
"""How long sign-ins go on when nobody renews the list; a revocation bites by pushing a new list at once."""
LONGEST_DAYS = 825
"""The most that --days may ask for; where a profile allows less, it says so."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate may be and hold. `days` is the default, `max_days` the most; `why_days` says the reason."""

    name: str
    what: str
    unit: str
    """the OU of the subject, by which a peer can tell the kinds apart"""
    identities: tuple[Kind, ...]
    most_identities: int
    usages: tuple[x509.ObjectIdentifier, ...]
    days: int
    max_days: int
    why_days: str
    curves: tuple[str, ...] = ("secp256r1", "secp384r1", "secp521r1")
    rsa: bool = True
    key_here: bool = True
    """may a key be made on the authority's machine?"""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="gateway",
            what="our VPN hosts, towards customers and staff",
            unit="Gateway",
            identities=("dns",),
            most_identities=4,
            usages=(ExtendedKeyUsageOID.SERVER_AUTH, IKE_INTERMEDIATE, IPSEC_IKE),
            days=730,
            max_days=LONGEST_DAYS,
            why_days="renewed yearly; the second year is slack, for an expired one locks out those who could repair it",
            curves=("secp384r1",),
            rsa=False,
        ),
        Profile(
            name="staff",
            what="one device of one person",
            unit="Staff",
            identities=("email",),
            most_identities=1,
            usages=(ExtendedKeyUsageOID.CLIENT_AUTH,),
            days=365,
            max_days=397,
            why_days="once a year somebody decides anew who has access; leaving or losing a laptop is revoked at once",
        ),
        Profile(
            name="customer",
            what="a customer's gateway, from the customer's request",
            unit="Customer gateway",
            identities=("dns", "ip"),
            most_identities=4,
            usages=(IPSEC_IKE, IKE_INTERMEDIATE),
            days=730,
            max_days=LONGEST_DAYS,
            why_days="each renewal costs the customer a change window",
            key_here=False,
        ),
        Profile(
            name="portal",
            what="the portal's TLS, for browsers",
            unit="Portal",
            identities=("dns",),
            most_identities=20,
            usages=(ExtendedKeyUsageOID.SERVER_AUTH,),
            days=397,
            max_days=397,
            why_days="browsers refuse longer ones; a year and a month lets it be renewed yearly",
        ),
    )
}


PURPOSES: dict[str, tuple[str, ...]] = {
    "staff": ("staff",),
    "gateways": ("gateway", "customer", "portal"),
    "all": tuple(PROFILES),
}
"""What one authority signs. A VPN host takes for staff whoever the staff's authority has signed, under any name: it
must sign nobody else. `all` is for a lab without staff tunnels."""


def table() -> str:
    """The table of README.md, in Markdown."""
    head = (
        "| profile | for | identities | extended key usage | days (most) | why so long |\n|---|---|---|---|---|---|\n"
    )
    return head + "".join(_row(profile) for profile in PROFILES.values())


def _row(p: Profile) -> str:
    kinds = " or ".join({"dns": "DNS", "email": "e-mail and UPN", "ip": "IP"}[kind] for kind in p.identities)
    usages = ", ".join(_USAGE_NAMES[usage] for usage in p.usages)
    return f"| `{p.name}` | {p.what} | {kinds} | {usages} | {p.days} ({p.max_days}) | {p.why_days} |\n"


_USAGE_NAMES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    IKE_INTERMEDIATE: "iKEIntermediate",
    IPSEC_IKE: "ipsecIKE",
}
