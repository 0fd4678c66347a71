"""What ends soon: certificates, the revocation list, the authority. Pure; the exit code is for a monitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from scripts.pki_lib.index import Entry, Index
from scripts.pki_lib.profiles import PROFILES

FINE, SOON, OVER = 0, 1, 2
AUTHORITY_DAYS = max(profile.days for profile in PROFILES.values())
"""the authority is to be replaced before it is too short-lived to sign a certificate of full length"""


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing that ends; `days` left, negative when it is over; `remedy` is a command."""

    kind: Literal["certificate", "list", "authority"]
    name: str
    serial: str
    ends: datetime
    days: int
    level: int
    remedy: str


def endings(register: Index, authority_ends: datetime, list_on_disk: int, now: datetime, days: int) -> list[Ending]:
    """What is over, or ends within `days` (the authority: and the longest certificate), the most urgent first."""
    found = [_authority(authority_ends, now, days), _list(register, list_on_disk, now, days)]
    found += [_certificate(entry, now, days) for entry in _awaited(register, now)]
    return sorted((e for e in found if e.level != FINE), key=lambda e: (-e.level, e.ends))


def exit_code(found: list[Ending]) -> int:
    return max((ending.level for ending in found), default=FINE)


def _awaited(register: Index, now: datetime) -> Iterator[Entry]:
    """The last certificate of each name, unless it was revoked: the others have a successor."""
    last = {entry.name: entry for entry in register.entries if entry.revoked_at is None}
    return (entry for entry in last.values() if not register.replaced(entry, now))


def _certificate(entry: Entry, now: datetime, days: int) -> Ending:
    remedy = f"pki renew {entry.name}, or, if it is no longer used: pki revoke {entry.name} --reason cessation"
    return _ending("certificate", entry.name, entry.serial, entry.not_after, now, days, remedy)


def _list(register: Index, on_disk: int, now: datetime, days: int) -> Ending:
    """A list on the disk that is older than the register is as bad as one that is over: a revocation is missing."""
    behind = on_disk != register.crl_number
    ends = now if behind or register.crl_next_update is None else register.crl_next_update
    remedy = "pki crl, then hand the list to the gateways; without one they refuse everybody"
    return _ending("list", "revocation list", "", ends, now, days, remedy)


def _authority(ends: datetime, now: datetime, days: int) -> Ending:
    remedy = "docs/pki.md, 'The authority itself ends'"
    return _ending("authority", "authority", "", ends, now, days + AUTHORITY_DAYS, remedy)


def _ending(
    kind: Literal["certificate", "list", "authority"],
    name: str, serial: str, ends: datetime, now: datetime, days: int, remedy: str,
) -> Ending:  # fmt: skip
    level = OVER if ends <= now else SOON if ends <= now + timedelta(days=days) else FINE
    return Ending(kind, name, serial, ends, (ends - now).days, level, remedy)
