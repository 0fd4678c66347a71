"""Keyed pseudonyms of people, and digests of bytes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

PSEUDONYM_BYTES = 16
SHORTEST_KEY = 16
MOST_REMEMBERED = 50_000


def pseudonym_function(key: bytes, scope: str = "") -> Callable[[str], str]:
    """Name or id of a person -> 32 hex digits, equal for equal names and worthless without the key; "" -> "".

    HMAC-SHA256 (RFC 2104) cut to 128 bits: a plain hash of a name could be undone by hashing every known name. Case
    and outer space do not count. `scope`, for example a customer's code, keeps one person from being recognised
    across customers. Raises ValueError when the key is too short.
    """
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"the key for pseudonyms must have at least {SHORTEST_KEY} bytes")
    scoped = hmac.digest(key, scope.encode(), "sha256")
    known: dict[str, str] = {}  # a few people open most tickets

    def pseudonym(person: str) -> str:
        found = known.get(person)
        if found is None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            known[person] = found = _keyed(scoped, person.strip().casefold())
        return found

    return pseudonym


def _keyed(key: bytes, person: str) -> str:
    return hmac.digest(key, person.encode(), "sha256")[:PSEUDONYM_BYTES].hex() if person else ""


def sha256_hex(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()
