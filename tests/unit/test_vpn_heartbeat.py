"""The heartbeat's datagrams: what is heard, once and in order, and what is refused."""

from __future__ import annotations

import pytest

from strongswan.pair.wire import Line, RefusedError
from tests.support.vpn.two_hosts import beat

KEY = b"k" * 32


def introduced() -> tuple[Line, Line]:
    a, b = Line((KEY,), "a"), Line((KEY,), "b")
    _, nonce = b.unpack(a.pack(beat()))
    a.unpack(b.pack(beat(name="b"), echo=nonce))
    return a, b


def test_two_ends_need_one_exchange_to_know_each_other() -> None:
    a, b = Line((KEY,), "a"), Line((KEY,), "b")
    heard, nonce = b.unpack(a.pack(beat()))
    assert (heard, nonce) == (None, a.nonce)
    assert a.unpack(b.pack(beat(name="b"), echo=nonce))[0] == beat(name="b")
    assert b.unpack(a.pack(beat()))[0] == beat()


def test_a_datagram_counts_once_and_in_order() -> None:
    a, b = introduced()
    first, second = a.pack(beat()), a.pack(beat())
    assert b.unpack(second)[0] is not None
    for old in (first, second):
        with pytest.raises(RefusedError, match="heard before"):
            b.unpack(old)


def test_what_was_recorded_before_a_restart_of_the_hearer_says_nothing() -> None:
    a, _ = introduced()
    recorded = a.pack(beat())
    assert Line((KEY,), "b").unpack(recorded)[0] is None


def test_an_altered_a_foreign_and_our_own_datagram_are_refused() -> None:
    a, b = introduced()
    good = a.pack(beat())
    for wrong in (good.replace(b'"epoch":1', b'"epoch":9'), good[:-1], b"", b"x" * 3000):
        with pytest.raises(RefusedError):
            b.unpack(wrong)
    with pytest.raises(RefusedError):
        b.unpack(Line((b"z" * 32,), "a").pack(beat()))
    with pytest.raises(RefusedError, match="our own"):
        b.unpack(b.pack(beat(name="b")))


def test_a_key_is_replaced_on_one_host_at_a_time() -> None:
    old, new = b"o" * 32, b"n" * 32
    steps = [((old,), (old, new)), ((old, new), (new, old)), ((new, old), (new,))]
    for ours, theirs in steps:
        a, b = Line(ours, "a"), Line(theirs, "b")
        _, nonce = b.unpack(a.pack(beat()))
        assert a.unpack(b.pack(beat(name="b"), echo=nonce))[0] is not None
        assert b.unpack(a.pack(beat()))[0] is not None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 octets"):
        Line((b"short",), "a")
