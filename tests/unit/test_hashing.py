"""Pseudonyms: equal for equal people, worthless without the key."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.hashing import pseudonym_function, sha256_hex

KEY = b"a key for tests only"


def test_a_pseudonym_is_the_hmac_of_the_name_under_the_scopes_key() -> None:
    scoped = hmac.new(KEY, b"acme", hashlib.sha256).digest()
    expected = hmac.new(scoped, b"beth anglin", hashlib.sha256).hexdigest()[:32]
    assert pseudonym_function(KEY, "acme")("Beth Anglin ") == expected


def test_nobody_stays_nobody() -> None:
    assert pseudonym_function(KEY)("") == ""
    assert pseudonym_function(KEY)("  ") == ""


@given(st.text(min_size=1).filter(str.strip))
def test_a_pseudonym_is_stable_and_never_the_name(name: str) -> None:
    one, two = pseudonym_function(KEY), pseudonym_function(KEY)
    assert one(name) == two(name) == one(name)
    assert len(one(name)) == 32
    assert one(name) != name


def test_another_key_or_customer_gives_another_pseudonym() -> None:
    found = {f("beth") for f in (pseudonym_function(KEY), pseudonym_function(KEY, "a"), pseudonym_function(KEY * 2))}
    assert len(found) == 3


def test_more_people_than_are_remembered_stay_the_same_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.lib.hashing.MOST_REMEMBERED", 3)
    pseudonym = pseudonym_function(KEY)
    first = [pseudonym(str(n)) for n in range(10)]
    assert [pseudonym(str(n)) for n in range(10)] == first


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        pseudonym_function(b"short")


def test_the_digest_of_bytes_is_sha256() -> None:
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
