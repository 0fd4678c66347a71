"""Certificates, keys and lists for a VPN host: what is refused before any of them is copied, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongswan.render.material import Piece, Shelf, from_rotation, from_trust, judge
from strongswan.render.problems import RefusedError
from tests.support.vpn.certificates import Authority, Holder

IDENTITY = "vpn.provider.example"
LATER = datetime.now(UTC) + timedelta(days=2)


def shelf(**folders: dict[str, bytes]) -> Shelf:
    """Folders by name, `lists` and the like being too long: ca, crl, x509, private."""
    names = {"ca": "x509ca", "crl": "x509crl"}
    return {
        names.get(folder, folder): {name: Piece(f"{folder}/{name}", raw) for name, raw in files.items()}
        for folder, files in folders.items()
    }


def pair(holder: Holder, key: Holder | None = None) -> dict[str, dict[str, bytes]]:
    return {"x509": {"gateway.pem": holder.certificate}, "private": {"gateway.pem": (key or holder).key}}


@pytest.fixture(scope="module")
def gateways() -> Authority:
    return Authority("Gateways")


@pytest.fixture(scope="module")
def staff() -> Authority:
    return Authority("Staff")


@pytest.fixture(scope="module")
def held(gateways: Authority, staff: Authority) -> Shelf:
    """A host in use: two authorities, their lists, certificate and key."""
    authorities = {"gateways.pem": gateways.certificate, "staff.pem": staff.certificate}
    lists = {"gateways.pem": numbered(gateways, 5), "staff.pem": numbered(staff, 5)}
    return shelf(ca=authorities, crl=lists, **pair(gateways.issue(IDENTITY)))


def numbered(authority: Authority, number: int) -> bytes:
    """Its list of that number, which is how many it has revoked and one."""
    authority.revoked[:] = range(1, number)
    return authority.revocation_list()


def refusal(given: Shelf, held: Shelf, whole: tuple[str, ...] = (), now: datetime | None = None) -> str:
    with pytest.raises(RefusedError) as refused:
        judge(given, held, whole, now)
    return str(refused.value)


def test_what_belongs_together_and_is_newer_may_be_copied(gateways: Authority, staff: Authority, held: Shelf) -> None:
    lists = {"gateways.pem": numbered(gateways, 5), "staff.pem": numbered(staff, 6)}
    assert judge(shelf(crl=lists, **pair(gateways.issue(IDENTITY))), held) == 4


def test_a_new_host_is_judged_by_what_it_is_given(gateways: Authority) -> None:
    given = shelf(ca={"g.pem": gateways.certificate}, crl={"g.pem": numbered(gateways, 1)})
    assert judge({**given, **shelf(**pair(gateways.issue(IDENTITY)))}, {}, ("x509ca", "x509crl")) == 4


def test_a_certificate_for_the_key_that_the_host_made(gateways: Authority) -> None:
    made, other = gateways.issue(IDENTITY), gateways.issue(IDENTITY)
    held = shelf(ca={"g.pem": gateways.certificate}, private={"gateway.pem": made.key})
    assert judge(shelf(x509={"gateway.pem": made.certificate}), held) == 1
    assert "does not belong to the key private/gateway.pem" in refusal(
        shelf(x509={"gateway.pem": other.certificate}), held
    )
    assert "no key private/gateway.pem" in refusal(
        shelf(x509={"gateway.pem": made.certificate}), {"x509ca": held["x509ca"]}
    )


def test_a_key_without_the_certificate_that_belongs_to_it(gateways: Authority, held: Shelf) -> None:
    said = refusal(shelf(private={"gateway.pem": gateways.issue(IDENTITY).key}), held)
    assert "The certificate x509/gateway.pem that the host has does not belong to it." in said


def test_a_certificate_of_an_authority_that_is_not_there(held: Shelf) -> None:
    namesake = Authority("Gateways")
    said = refusal(shelf(**pair(namesake.issue(IDENTITY))), held)
    assert said.startswith("x509/gateway.pem:1: It was issued by CN=Gateways, and x509ca/ has no such authority.")
    assert judge(shelf(ca={"new.pem": namesake.certificate}, **pair(namesake.issue(IDENTITY))), held) == 3


def test_what_has_ended(gateways: Authority, held: Shelf) -> None:
    given = shelf(crl={"gateways.pem": numbered(gateways, 6)}, **pair(gateways.issue(IDENTITY)))
    said = refusal(given, held, now=LATER)
    assert "x509/gateway.pem:1: It ends on" in said
    assert "crl/gateways.pem:1: The list ends on" in said


def test_what_the_host_has_already_is_not_judged_again(held: Shelf) -> None:
    assert judge(held, held, ("x509ca", "x509crl"), LATER) == 0


@pytest.mark.parametrize("name", ["staff.pem", "staff-of-july.pem"])
def test_an_older_list_is_refused_under_any_name(staff: Authority, held: Shelf, name: str) -> None:
    given = shelf(ca={"staff.pem": staff.certificate}, crl={name: numbered(staff, 4)})
    said = refusal(given, held, ("x509ca", "x509crl"))
    assert "older (number 4) than x509crl/staff.pem on the host (number 5): who was revoked since would get in" in said


def test_a_list_that_nobody_signed_who_is_there(held: Shelf) -> None:
    said = refusal(shelf(crl={"staff.pem": numbered(Authority("Staff"), 9)}), held)
    assert "No authority in x509ca/ has signed this list of CN=Staff." in said


def test_a_list_in_the_place_of_another_authoritys(gateways: Authority, held: Shelf) -> None:
    said = refusal(shelf(crl={"staff.pem": numbered(gateways, 6)}), held)
    assert "It would replace the only list of CN=Staff" in said


@pytest.mark.parametrize("folder", ["ca", "crl", "x509", "private"])
def test_what_cannot_be_read(held: Shelf, folder: str) -> None:
    assert f"{folder}/a.pem:1: It is no " in refusal(shelf(**{folder: {"a.pem": b"-----BEGIN\nnothing"}}), held)


def test_a_certificate_that_is_no_authoritys(gateways: Authority, held: Shelf) -> None:
    said = refusal(shelf(ca={"gateways.pem": gateways.issue(IDENTITY).certificate}), held)
    assert "ca/gateways.pem:1: It is the certificate of no authority." in said


def test_a_rotation_is_for_one_host_and_for_all(tmp_path: Path) -> None:
    for name in (
        "crl/g.pem",
        "x509ca/g.pem",
        "vpn-a/x509/gateway.pem",
        "vpn-a/private/gateway.pem",
        "vpn-b/x509/o.pem",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = from_rotation(tmp_path, "vpn-a")
    assert {folder: list(files) for folder, files in found.items()} == {
        "x509ca": ["g.pem"],
        "x509crl": ["g.pem"],
        "x509": ["gateway.pem"],
        "private": ["gateway.pem"],
    }


def test_a_folder_of_trust_that_is_not_there_takes_nothing_away(tmp_path: Path) -> None:
    (tmp_path / "x509ca").mkdir()
    with pytest.raises(RefusedError, match="x509crl:1: There is no such folder"):
        from_trust(tmp_path)
