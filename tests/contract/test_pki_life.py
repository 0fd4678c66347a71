"""The life of certificates: renewed, revoked, listed, watched by a monitor, written into the trail."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from scripts.pki_lib import certificates, keys
from scripts.pki_lib.authority import open_signer
from tests.support.pki import SECRET, Desk, certificate, desk, said


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    return desk(tmp_path)


@pytest.fixture(autouse=True)
def keys_that_open_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SCRYPT_N", 2**4)


def test_a_renewal_has_a_new_key_and_the_same_identity_and_leaves_the_old_one_in_force(here: Desk) -> None:
    old = here.sign("gateway", "gw-a", "vpn.example.net", key="first")
    here.after(300)
    request, out = here.request("gateway", "vpn.example.net", key="second"), here.folder / "new.crt"
    assert here.run("renew", "gw-a", "--csr", request, "--out", out) == 0
    before, after = here.index.entries
    assert (after.replaces, after.identities, after.profile) == (before.serial, before.identities, before.profile)
    assert [here.index.status(e, here.now) for e in (before, after)] == ["replaced", "valid"]
    assert certificate(out).public_key() != certificate(old).public_key()
    assert certificate(out).not_valid_after_utc == here.now + timedelta(days=730) - timedelta(hours=1)
    assert here.run("renew", "gw-a", "--csr", request, "--out", out) == 0, "again: it is done already"
    assert len(here.index.entries) == 2


def test_a_renewal_with_the_key_of_before_has_to_be_meant(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    here.sign("customer", "c", "vpn.customer.example")
    given = ("renew", "c", "--csr", here.folder / "c.csr", "--out", here.folder / "c2.crt")
    assert here.run(*given) == 0
    said(capfd, "nothing was changed.*--same-key")
    assert len(here.index.entries) == 1
    assert here.run(*given, "--same-key", "--revoke-old") == 0
    assert [e.reason for e in here.index.entries] == ["superseded", ""]
    assert len(here.store.crl) == 1


def test_a_lost_laptop_takes_every_certificate_of_its_name_along(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    here.issue("mara-laptop", "mara@example.net")
    out, secret = here.folder / "2.p12", here.folder / "other"
    assert here.run("renew", "mara-laptop", "--make-key", "--out", out, "--key-passphrase-file", secret) == 0
    assert here.run("revoke", "mara-laptop", "--reason", "key-compromise", "--out", here.folder / "list.pem") == 0
    assert len(here.store.crl) == 2
    assert (here.folder / "list.pem").read_bytes() == here.crl.read_bytes()
    before = here.untouched()
    assert here.run("revoke", "mara-laptop", "--reason", "key-compromise") == 0
    said(capfd, "was revoked on")
    assert here.untouched() == before
    assert here.run("renew", "mara-laptop", "--make-key", "--out", out) == 65
    said(capfd, "was revoked.*decision anew")


def test_the_number_of_the_list_only_grows_and_it_names_its_end(here: Desk) -> None:
    first = here.store.crl_number
    assert here.run("crl", "--days", "7") == 0
    assert here.run("crl", "--days", "7", "--der", "--out", here.folder / "list.der") == 0
    assert here.store.crl_number == first + 2
    assert here.store.crl.next_update_utc == here.now + timedelta(days=7)
    assert (here.folder / "list.der").read_bytes().startswith(b"\x30\x82")


def test_a_list_that_lacks_a_revocation_is_found_although_its_number_is_right(
    here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    here.sign("staff", "mara", "mara@example.net")
    assert here.run("revoke", "mara", "--reason", "superseded") == 0
    signer = open_signer(here.store, SECRET.strip().encode())
    empty = certificates.revocation_list(signer, [], here.store.crl_number, here.now, 90)
    here.crl.write_bytes(certificates.pem(empty))
    assert here.run("check") == 78
    said(capfd, "1 revocations are not in it")


def test_a_monitor_tells_fine_from_soon_from_over(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    here.sign("staff", "mara", "mara@example.net", more=("--days", "80"))
    assert here.run("expiring") == 0
    assert here.after(55).run("expiring") == 1
    assert here.run("expiring", "--days", "20") == 0
    capfd.readouterr()
    assert here.after(81).run("expiring", "--json") == 2
    answer = json.loads(capfd.readouterr().out)
    assert answer["status"] == "over"
    assert [(e["name"], e["level"]) for e in answer["ending"]] == [("mara", "over"), ("revocation list", "soon")]
    assert "pki renew mara" in answer["ending"][0]["remedy"]
    assert here.run("expiring", "--no-such-option") == 64, "a mistake is neither soon nor over"


def test_an_authority_that_ended_signs_nothing(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    request, before = here.request("staff", "mara@example.net"), here.untouched()
    here.after(3653)
    given = ("sign", "staff", "m", "--csr", request, "--identity", "mara@example.net", "--out", here.folder / "m.crt")
    assert here.run(*given) == 65
    said(capfd, "The authority has ended.*successor")
    assert here.run("crl") == 65
    assert here.run("expiring") == 2
    assert here.untouched() == before


def test_what_was_ever_issued_is_listed_for_people_and_programs(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    here.sign("gateway", "gw-a", "vpn.example.net")
    here.sign("staff", "mara", "mara@example.net")
    assert here.run("revoke", "mara", "--reason", "affiliation-changed") == 0
    capfd.readouterr()
    assert here.run("list") == 0
    assert re.findall(r"^\S+", capfd.readouterr().out, flags=re.M) == ["NAME", "gw-a"]
    assert here.run("list", "--all", "--json", "--profile", "staff") == 0
    (entry,) = json.loads(capfd.readouterr().out)
    assert (entry["status"], entry["reason"], entry["source"]) == ("revoked", "affiliation-changed", "csr")
    for wanted in ("mara", entry["serial"].upper(), "ca", "crl", here.folder / "mara.csr", here.folder / "mara.crt"):
        assert here.run("show", wanted) == 0
    assert here.run("show", "mara", "--out", "-") == 0
    assert capfd.readouterr().out.endswith((here.folder / "mara.crt").read_text())


def test_the_trail_says_who_did_what_and_a_change_to_it_shows(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    here.sign("staff", "mara", "mara@example.net")
    assert here.run("revoke", "mara", "--reason", "superseded") == 0
    capfd.readouterr()
    assert here.run("audit", "--json") == 0
    lines = json.loads(capfd.readouterr().out)
    assert [line["action"] for line in lines] == ["init", "issue", "revoke"]
    assert {line["by"] for line in lines} == {here.index.entries[0].issued_by}
    trail = here.state / "audit.log"
    trail.write_bytes(trail.read_bytes().replace(b"superseded", b"cessation"))
    assert here.run("audit") == 78
    assert here.run("check") == 78
    said(capfd, "Line 3 of the audit trail is not the one that the register remembers")
