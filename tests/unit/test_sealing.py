"""Sealed to a public key: who has it can write, only who has the private one can read."""

from __future__ import annotations

import base64

import pytest

from portal.lib.sealing import SealingError, key_id, pair, public_of, seal, unseal

NAME = "customers/acme/source"
SECRET = '{"password": "a-secret-of-acme"}'


def test_what_is_sealed_opens_with_the_private_key_alone() -> None:
    private, public = pair()
    sealed = seal(public, NAME, SECRET)
    assert unseal(private, NAME, sealed) == SECRET
    assert "a-secret" not in base64.b64decode(sealed).decode("latin-1")
    with pytest.raises(SealingError, match="cannot be opened"):
        unseal(pair()[0], NAME, sealed)
    with pytest.raises(SealingError, match="cannot be opened"):
        unseal(public, NAME, sealed)


def test_it_opens_under_no_other_name() -> None:
    private, public = pair()
    with pytest.raises(SealingError, match="cannot be opened"):
        unseal(private, "customers/other/source", seal(public, NAME, SECRET))


@pytest.mark.parametrize("place", [0, 31, 32, 43, 44, -1])
def test_one_altered_byte_and_it_does_not_open(place: int) -> None:
    private, public = pair()
    raw = bytearray(base64.b64decode(seal(public, NAME, SECRET)))
    raw[place] ^= 1
    with pytest.raises(SealingError):
        unseal(private, NAME, base64.b64encode(raw).decode())


def test_the_same_secret_is_never_sealed_to_the_same_text() -> None:
    _, public = pair()
    assert seal(public, NAME, SECRET) != seal(public, NAME, SECRET)


def test_keys_are_told_apart_by_their_ids() -> None:
    private, public = pair()
    assert public_of(private) == public
    assert key_id(public) != key_id(pair()[1])


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "ä"])
def test_what_is_no_key_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(SealingError, match="sealing_key"):
        seal(text, NAME, SECRET)


@pytest.mark.parametrize("sealed", ["", "AAAA", base64.b64encode(bytes(100)).decode()])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(SealingError):
        unseal(pair()[0], NAME, sealed)
