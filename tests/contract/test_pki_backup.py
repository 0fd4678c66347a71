"""The backup: whole, sealed, and brought back only to where nothing is."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from scripts.pki_lib import backup, keys
from tests.support.pki import SECRET, Desk, certificate, desk


@pytest.fixture(autouse=True)
def keys_that_open_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SCRYPT_N", 2**4)
    monkeypatch.setattr(backup, "SCRYPT_N", 2**4)


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    made = desk(tmp_path)
    made.sign("staff", "mara", "mara@example.net")
    assert made.run("backup", "--out", tmp_path / "backup") == 0
    return made


def restored(here: Desk) -> Desk:
    """The backup on another machine, where somebody goes on with it."""
    other = Desk(here.folder)
    other.state = here.folder / "elsewhere"
    assert other.run("restore", here.folder / "backup") == 0
    return other


def test_what_is_restored_is_what_was_there_and_goes_on(here: Desk) -> None:
    other = restored(here)
    same = {k: v for k, v in here.untouched().items() if k not in ("audit.log", "index.json")}
    assert {k: v for k, v in other.untouched().items() if k in same} == same
    assert other.index.entries == here.index.entries
    assert other.run("check") == 0
    other.sign("staff", "otto", "otto@example.net")
    assert other.run("check") == 0


def test_the_backup_shows_nothing_and_only_its_owner_can_read_it(here: Desk) -> None:
    raw = (here.folder / "backup").read_bytes()
    assert (here.folder / "backup").stat().st_mode & 0o777 == 0o600
    for part in (b"mara", b"BEGIN", b"Example", here.index.entries[0].serial.encode()):
        assert part not in raw


def test_guessing_its_passphrase_is_dear(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    header = json.loads(backup.seal(here.store, SECRET.encode(), here.now).split(b"\n")[1])
    assert (header["kdf"], header["n"], header["r"], header["p"]) == ("scrypt", 2**17, 8, 1)


def test_a_file_that_asks_for_all_memory_is_no_backup(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    path = here.folder / "backup"
    path.write_bytes(path.read_bytes().replace(b'"n": 16,', b'"n": 1073741824,'))
    assert here.run("backup", "--verify", path) == 65
    assert "no backup of the authority" in capfd.readouterr().err


def test_nothing_is_overwritten(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    before = here.untouched()
    assert here.run("restore", here.folder / "backup") == 65
    assert "There is something already" in capfd.readouterr().err
    assert here.untouched() == before
    assert here.run("backup", "--out", here.folder / "backup") == 65


@pytest.mark.parametrize("place", [10, 60, -1, -200])
def test_a_backup_of_which_one_bit_was_changed_does_not_open(
    here: Desk, place: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = here.folder / "backup"
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    assert here.run("backup", "--verify", path) in (65, 77)
    assert here.run("restore", path, "--state", here.folder / "new") in (65, 77)
    assert re.search("no backup of the authority|does not open", capfd.readouterr().err)
    assert not (here.folder / "new").exists()


def test_a_wrong_passphrase_or_a_short_file_opens_nothing(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    assert here.run("backup", "--verify", here.folder / "backup") == 0
    (here.folder / "other").write_text("quite another passphrase\n")
    assert here.run("backup", "--verify", here.folder / "backup") == 77
    assert "The backup does not open" in capfd.readouterr().err
    (here.folder / "cut").write_bytes((here.folder / "backup").read_bytes()[:40])
    assert here.run("backup", "--verify", here.folder / "cut") == 65


def test_verifying_leaves_nothing_behind(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = here.folder / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert here.run("backup", "--verify", here.folder / "backup") == 0
    assert list(scratch.iterdir()) == []


def test_a_damaged_state_in_a_backup_is_not_taken_for_a_good_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = desk(tmp_path)
    made.sign("staff", "mara", "mara@example.net")
    made.store.certificate_path(made.index.entries[0].serial).unlink()
    assert made.run("backup", "--out", tmp_path / "backup") == 78
    assert "of a state that is damaged: keep the ones of before" in capfd.readouterr().err
    assert made.run("backup", "--verify", tmp_path / "backup") == 70
    assert "holds a damaged state" in capfd.readouterr().err


def test_after_an_old_backup_the_lost_is_adopted_revoked_and_believed(
    here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    """A laptop got its certificate after the last backup, then the machine of the authority burned."""
    here.now += timedelta(days=3)
    later = here.sign("staff", "otto", "otto@example.net")
    assert here.run("crl") == 0
    number_at_the_gateways = here.store.crl_number
    other = restored(here)
    other.now = here.now + timedelta(seconds=1)
    assert other.run("adopt", "otto", "--certificate", later) == 0
    assert other.run("adopt", "otto", "--certificate", later) == 65
    assert other.run("revoke", "otto", "--reason", "key-compromise") == 0
    assert other.run("check") == 0
    assert other.store.crl_number > number_at_the_gateways, "gateways keep the list with the higher number"
    assert [revoked.serial_number for revoked in other.store.crl] == [certificate(later).serial_number]


def test_a_certificate_of_another_authority_is_not_adopted(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    (here.folder / "stranger").mkdir()
    stranger = Desk(here.folder / "stranger")
    assert stranger.init() == 0
    foreign = stranger.sign("staff", "eve", "eve@example.net")
    assert here.run("adopt", "eve", "--certificate", foreign) == 65
    assert "This authority did not issue it" in capfd.readouterr().err
