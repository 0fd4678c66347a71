"""The register and what it says of endings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scripts.pki_lib import expiry, index
from scripts.pki_lib.errors import RefusedError, StateError
from scripts.pki_lib.index import Index
from tests.support.pki_register import CUSTOMER, GATEWAY, MARA, NOW, REGISTER, entry

FAR = NOW + timedelta(days=3650)
FRESH = replace(REGISTER, crl_number=7, crl_next_update=NOW + timedelta(days=90))
RENEWED = replace(MARA, serial="0abc", not_after=NOW + timedelta(days=465), replaces=MARA.serial)


def test_the_register_is_read_as_it_was_written() -> None:
    full = FRESH.update(replace(MARA, revoked_at=NOW, revoked_by="otto@desk", reason="superseded"))
    full = replace(full, audit_lines=4, audit_head="ab")
    assert index.load(index.dump(full), "index.json") == full


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"format": 1}', index.dump(FRESH)[:-20], b"\x00" * 200])
def test_a_damaged_register_is_never_taken_for_an_empty_one(raw: bytes) -> None:
    with pytest.raises(StateError, match=r"register of certificates is damaged.*left as it is.*backup"):
        index.load(raw, "index.json")


def test_a_register_of_a_later_version_is_left_alone() -> None:
    with pytest.raises(StateError, match="has format 2, not 1"):
        index.load(index.dump(FRESH).replace(b'"format": 1', b'"format": 2'), "index.json")


def test_a_certificate_is_found_by_name_and_by_serial_in_any_spelling() -> None:
    register = Index((MARA, RENEWED))
    for wanted in ("mara-laptop", "0ABC", "abc", "0x0abc", "0A:BC"):
        assert register.find(wanted, NOW) == RENEWED
    with pytest.raises(RefusedError, match=r"name or serial 'otto'.*pki list --all"):
        register.find("otto", NOW)


def test_revoking_by_name_means_also_the_one_before_a_renewal() -> None:
    register = Index((MARA, RENEWED))
    assert register.find_all("mara-laptop", NOW) == [MARA, RENEWED]
    assert register.find_all("abc", NOW) == [RENEWED]


def test_a_certificate_is_valid_replaced_expired_or_revoked() -> None:
    register = Index((MARA, RENEWED, replace(CUSTOMER, revoked_at=NOW)))
    assert [register.status(e, NOW) for e in register.entries] == ["replaced", "valid", "revoked"]
    assert register.status(RENEWED, RENEWED.not_after) == "expired"


def names_of(register: Index, days: int = 30, after: int = 0, on_disk: int = 7) -> list[tuple[str, int]]:
    found = expiry.endings(register, FAR, on_disk, NOW + timedelta(days=after), days)
    return [(ending.name, ending.level) for ending in found]


def test_what_ends_within_the_days_is_named_the_most_urgent_first() -> None:
    register = FRESH.add(entry("portal", "portal", "portal.example.net", days=20)).add(
        entry("portal", "old", "old.example.net", days=-1)
    )
    assert names_of(register) == [("old", expiry.OVER), ("portal", expiry.SOON)]
    assert names_of(register, days=19) == [("old", expiry.OVER)]
    assert names_of(FRESH) == []


def test_what_has_a_successor_or_was_revoked_may_end() -> None:
    register = replace(FRESH, entries=(MARA, RENEWED, replace(CUSTOMER, revoked_at=NOW)))
    assert [n for n, _ in names_of(register, after=120) if n != "revocation list"] == []


def test_a_renewal_that_was_revoked_is_no_successor() -> None:
    register = replace(FRESH, entries=(MARA, replace(RENEWED, revoked_at=NOW)))
    assert ("mara-laptop", expiry.SOON) in names_of(register, after=80)


def test_a_list_that_ends_or_lacks_a_revocation_is_as_urgent_as_a_certificate() -> None:
    only = replace(FRESH, entries=())
    assert names_of(only, after=61) == [("revocation list", expiry.SOON)]
    assert names_of(only, after=90) == [("revocation list", expiry.OVER)]
    assert names_of(only, on_disk=6) == [("revocation list", expiry.OVER)]


def test_the_authority_is_named_while_it_can_still_sign_for_full_length() -> None:
    soon = expiry.endings(replace(FRESH, entries=()), NOW + timedelta(days=760), 7, NOW, 30)
    assert [(e.kind, e.level) for e in soon] == [("authority", expiry.SOON)]
    assert expiry.endings(replace(FRESH, entries=()), NOW + timedelta(days=761), 7, NOW, 30) == []


def test_the_exit_code_is_that_of_the_worst() -> None:
    levels = expiry.endings(replace(FRESH, entries=(GATEWAY,)), FAR, 7, NOW + timedelta(days=95), 30)
    assert [e.level for e in levels] == [expiry.OVER, expiry.SOON]
    assert expiry.exit_code(levels) == 2
    assert expiry.exit_code(levels[1:]) == 1
    assert expiry.exit_code([]) == 0
