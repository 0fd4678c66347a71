"""What may be issued: everything that can be decided before the authority's key is touched. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scripts.pki_lib.errors import RefusedError
from scripts.pki_lib.index import Entry, Index
from scripts.pki_lib.names import WORDS, Identity
from scripts.pki_lib.profiles import PURPOSES, Profile


@dataclass(frozen=True, slots=True)
class Order:
    """A certificate as an administrator asks for it. `renews`: the entry that it follows."""

    profile: Profile
    name: str
    identities: tuple[Identity, ...]
    days: int
    shares_with: str = ""
    renews: Entry | None = None


def check_order(order: Order, staff_domains: tuple[str, ...], purpose: str = "all") -> None:
    """The authority is for this kind; identities and validity fit the profile. Raises RefusedError."""
    profile = order.profile
    if profile.name not in PURPOSES[purpose]:
        what, remedy = (
            f"This authority is for {purpose} and signs no '{profile.name}'.",
            "Name the other one with --state.",
        )
        raise RefusedError(what, where="PROFILE", remedy=remedy)
    if not 1 <= order.days <= profile.max_days:
        remedy = f"Choose --days from 1 to {profile.max_days}, or leave it out for {profile.days}: {profile.why_days}."
        raise RefusedError(f"{order.days} days are not possible for '{profile.name}'.", where="--days", remedy=remedy)
    if len(set(order.identities)) != len(order.identities) or not 1 <= len(order.identities) <= profile.most_identities:
        remedy = f"'{profile.name}' takes from 1 to {profile.most_identities} different ones."
        raise RefusedError(f"There are {len(order.identities)} identities.", where="--identity", remedy=remedy)
    for identity in order.identities:
        _check_identity(identity, profile, staff_domains)


def _check_identity(identity: Identity, profile: Profile, staff_domains: tuple[str, ...]) -> None:
    if identity.kind not in profile.identities:
        remedy = "Write " + " or ".join(WORDS[kind] for kind in profile.identities) + "."
        raise RefusedError(f"'{identity}' is no identity for '{profile.name}'.", where="--identity", remedy=remedy)
    domain = identity.value.partition("@")[2]
    if profile.name == "staff" and staff_domains and domain not in staff_domains:
        remedy = f"Staff is of {' or '.join(staff_domains)}, as said when the authority was made (ca.json)."
        raise RefusedError(f"'{identity}' is not of our staff.", where="--identity", remedy=remedy)


def check_authority(begins: datetime, ends: datetime, order: Order, now: datetime) -> None:
    """The authority outlives what it signs, and the clock can be right. Raises RefusedError."""
    if now < begins:
        remedy = "Set the clock: certificates would have the wrong dates."
        raise RefusedError(
            f"The clock says {now:%Y-%m-%d}, before the authority was made.", where="clock", remedy=remedy
        )
    if now >= ends:
        remedy = (
            "Start its successor (`pki init` in a new --state) and follow docs/pki.md, 'The authority itself ends'."
        )
        raise RefusedError(f"The authority has ended on {ends:%Y-%m-%d}.", where="ca.crt", remedy=remedy)
    if now + timedelta(days=order.days) > ends:
        left = (ends - now).days
        remedy = f"Ask for --days {left} or fewer, and start the authority's successor: docs/pki.md."
        raise RefusedError(
            f"The authority ends on {ends:%Y-%m-%d}, before the certificate would.", where="ca.crt", remedy=remedy
        )


def already_issued(order: Order, key_sha256: str, index: Index, now: datetime) -> Entry | None:
    """The same order for the same key was fulfilled before, so that running a command twice changes nothing."""
    entry = index.current(order.name, now)
    same = (order.profile.name, key_sha256, frozenset(map(str, order.identities)))
    if entry and (entry.profile, entry.key_sha256, frozenset(entry.identities)) == same:
        return entry
    return None


def check_free(order: Order, key_sha256: str, index: Index, now: datetime) -> None:
    """Name, identities and key are not someone else's. Raises RefusedError."""
    current = index.current(order.name, now)
    if current and order.renews is None:
        what = f"'{order.name}' has a certificate until {current.not_after:%Y-%m-%d} (serial {current.serial})."
        remedy = f"Renew it (`pki renew {order.name}`), revoke it, or take another name."
        raise RefusedError(what, where="NAME", remedy=remedy)
    if current and current.profile != order.profile.name:
        raise RefusedError(f"'{order.name}' is a '{current.profile}'.", where="NAME", remedy="Take another name.")
    _check_identities(order, index, now)
    _check_key(order, key_sha256, index)


def _check_identities(order: Order, index: Index, now: datetime) -> None:
    wanted = set(map(str, order.identities))
    consented = {order.shares_with} | _sharing(order, index, now)
    for other in index.live(now):
        common = ", ".join(sorted(wanted & set(other.identities)))
        if not common or other.name == order.name:
            continue
        if other.profile != order.profile.name:
            remedy = f"A '{other.profile}' and a '{order.profile.name}' never have the same identity."
            raise RefusedError(f"{common} is the identity of '{other.name}'.", where="--identity", remedy=remedy)
        if other.name not in consented:
            remedy = f"If both are meant to (standby gateway, second device), say --shares-identity-with {other.name}."
            raise RefusedError(f"{common} is the identity of '{other.name}' too.", where="--identity", remedy=remedy)


def _sharing(order: Order, index: Index, now: datetime) -> set[str]:
    """Names that already have an identity in common with the one that is agreed to, or that is renewed."""
    agreed = index.current(order.shares_with, now) if order.shares_with else order.renews
    identities = set(agreed.identities) if agreed else set()
    return {e.name for e in index.live(now) if identities & set(e.identities)}


def _check_key(order: Order, key_sha256: str, index: Index) -> None:
    for other in index.entries:
        if other.key_sha256 != key_sha256:
            continue
        if other.reason == "key-compromise":
            remedy = "Make a new key and request on the host that uses it (`pki csr`)."
            raise RefusedError(f"This key is known to others ('{other.name}', revoked).", where="key", remedy=remedy)
        if other.name != order.name:
            remedy = "Every host and every device has a key of its own: make a new one there (`pki csr`)."
            raise RefusedError(f"'{other.name}' has the same key.", where="key", remedy=remedy)
