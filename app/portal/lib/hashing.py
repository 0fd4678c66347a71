"""Keyed pseudonyms of people, and digests of bytes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

PSEUDONYM_BYTES = 16
SHORTEST_KEY = 16


def pseudonym_function(key: bytes) -> Callable[[str], str]:
    """Name or id of a person -> 32 hex digits, equal for equal names and worthless without the key; "" -> "".

    HMAC-SHA256 (RFC 2104) cut to 128 bits: a plain hash of a name could be undone by hashing every known name. Case
    and outer space do not count. A key per customer keeps one person from being recognised across customers. The last
    people are remembered, for the same few open most tickets. Raises ValueError when the key is too short.
    """
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"the key for pseudonyms must have at least {SHORTEST_KEY} bytes")
    known: dict[str, str] = {"": ""}

    def pseudonym(person: str) -> str:
        try:
            return known[person]
        except KeyError:
            pass
        if len(known) > 50_000:
            known.clear()
            known[""] = ""
        known[person] = found = _keyed(key, person.strip().casefold())
        return found

    return pseudonym


def _keyed(key: bytes, person: str) -> str:
    return hmac.digest(key, person.encode(), "sha256")[:PSEUDONYM_BYTES].hex() if person else ""


def sha256_hex(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()
