"""What may be issued: identities, validity, and that no two share a name, an identity or a key by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scripts.pki_lib import names, profiles, rules
from scripts.pki_lib.errors import RefusedError
from scripts.pki_lib.profiles import PROFILES
from scripts.pki_lib.rules import Order
from tests.support.pki_register import CUSTOMER, MARA, NOW, REGISTER, entry


def order(profile: str, name: str, *identities: str, days: int = 0, shares: str = "") -> Order:
    kind = PROFILES[profile]
    return Order(kind, name, tuple(map(names.parse, identities)), days or kind.days, shares)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (order("gateway", "g", "mara@example.net"), "'mara@example.net' is no identity for 'gateway'"),
        (order("gateway", "g", "192.0.2.1"), "is no identity for 'gateway'.*Write a host name"),
        (order("staff", "s", "vpn.example.net"), "is no identity for 'staff'.*Write an e-mail address"),
        (order("portal", "p", "192.0.2.1"), "is no identity for 'portal'"),
        (order("staff", "s", "a@example.net", "b@example.net"), "There are 2 identities.*from 1 to 1"),
        (order("portal", "p", "a.example.net", "a.example.net"), "There are 2 identities.*different"),
        (order("portal", "p", "a.example.net", days=398), "398 days.*from 1 to 397.*browsers"),
        (order("gateway", "g", "a.example.net", days=-1), "-1 days are not possible"),
        (order("staff", "s", "mara@elsewhere.example"), "is not of our staff.*Staff is of example.net"),
    ],
)
def test_an_order_that_does_not_fit_its_profile_is_refused_with_the_remedy(asked: Order, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        rules.check_order(asked, ("example.net",))


def test_a_customer_may_be_known_by_name_or_address() -> None:
    rules.check_order(order("customer", "c", "vpn.customer.example", "198.51.100.4"), ())


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_lasts_longer_than_it_may(name: str) -> None:
    assert PROFILES[name].days <= PROFILES[name].max_days <= profiles.LONGEST_DAYS


def test_nothing_outlives_the_authority() -> None:
    asked = order("staff", "s", "mara@example.net", days=30)
    rules.check_authority(NOW, NOW + timedelta(days=30), asked, NOW)
    with pytest.raises(RefusedError, match=r"before the certificate would.*--days 29 or fewer"):
        rules.check_authority(NOW, NOW + timedelta(days=29), asked, NOW)
    with pytest.raises(RefusedError, match="The authority has ended on 2026-03-01"):
        rules.check_authority(NOW - timedelta(days=1), NOW, asked, NOW)


def test_a_clock_that_is_wrong_by_years_signs_nothing() -> None:
    asked = order("staff", "s", "mara@example.net")
    with pytest.raises(RefusedError, match=r"The clock says 2026-03-01, before.*Set the clock"):
        rules.check_authority(NOW + timedelta(seconds=1), NOW + timedelta(days=3650), asked, NOW)


@pytest.mark.parametrize(
    ("asked", "key", "says"),
    [
        (order("gateway", "gw-a", "gw.example.net"), "new", "'gw-a' has a certificate until.*pki renew gw-a"),
        (order("gateway", "gw-b", "vpn.example.net"), "new", "identity of 'gw-a' too.*--shares-identity-with gw-a"),
        (order("customer", "customer-b", "vpn.customer.example"), "new", "identity of 'customer-a' too"),
        (order("customer", "customer-b", "vpn.example.net"), "new", "never have the same identity"),
        (order("portal", "p", "vpn.example.net", shares="gw-a"), "new", "never have the same identity"),
        (order("staff", "otto", "otto@example.net"), "key of mara-laptop", "'mara-laptop' has the same key"),
    ],
)
def test_names_identities_and_keys_belong_to_one(asked: Order, key: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        rules.check_free(asked, key, REGISTER, NOW)


def test_a_standby_gateway_shares_the_identity_when_that_is_said() -> None:
    rules.check_free(order("gateway", "gw-b", "vpn.example.net", shares="gw-a"), "new", REGISTER, NOW)


def test_one_of_two_that_share_an_identity_is_renewed_without_saying_it_again() -> None:
    both = REGISTER.add(entry("gateway", "gw-b", "vpn.example.net"))
    renewal = replace(order("gateway", "gw-b", "vpn.example.net"), renews=both.entries[-1])
    rules.check_free(renewal, "new", both, NOW)


def test_what_expired_or_was_revoked_gives_its_name_and_identity_free() -> None:
    asked = order("customer", "customer-a", "vpn.customer.example")
    rules.check_free(asked, "new", REGISTER, NOW + timedelta(days=100))
    revoked = REGISTER.update(replace(CUSTOMER, revoked_at=NOW, reason="cessation"))
    rules.check_free(asked, "new", revoked, NOW)


def test_a_key_that_others_know_is_never_signed_again_not_even_for_its_owner() -> None:
    lost = REGISTER.update(replace(MARA, revoked_at=NOW, reason="key-compromise"))
    with pytest.raises(RefusedError, match="This key is known to others"):
        rules.check_free(order("staff", "mara-laptop", "mara@example.net"), MARA.key_sha256, lost, NOW)


def test_the_same_order_for_the_same_key_was_fulfilled_before() -> None:
    asked = order("customer", "customer-a", "vpn.customer.example")
    assert rules.already_issued(asked, CUSTOMER.key_sha256, REGISTER, NOW) == CUSTOMER
    assert rules.already_issued(asked, "another key", REGISTER, NOW) is None
    assert (
        rules.already_issued(order("customer", "customer-a", "b.example.net"), CUSTOMER.key_sha256, REGISTER, NOW)
        is None
    )


def test_the_table_of_profiles_in_the_readme_is_the_one_of_the_code() -> None:
    page = Path(rules.__file__).with_name("README.md").read_text()
    assert profiles.table() in page, profiles.table()
