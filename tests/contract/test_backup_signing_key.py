"""The key that signs backups: made where backups are made, readable by nobody else, in no backup."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.operations import pack
from scripts.operations.backup import catalogue, signing
from scripts.operations.backup.configuration import Configuration
from scripts.operations.errors import AbsentError, RefusedError
from scripts.operations.files import sha256
from scripts.proforma_install import trust

NAME = "20261123T023000Z"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "signing/key.pem"
    assert signing.key_made(path)
    return path


def backup(folder: Path, key: Path, **values: Any) -> catalogue.Backup:
    """One file, and a manifest that the key signed."""
    path = folder / NAME
    path.mkdir(parents=True)
    (path / "part").write_bytes(b"sealed")
    stated = {"part": {"sha256": sha256(path / "part"), "size": 6}}
    (path / "manifest.json").write_text(json.dumps({"format": 1, "made_at": NAME, "files": stated} | values))
    (path / "manifest.json.sig").write_bytes(signing.signer(key).signature((path / "manifest.json").read_bytes()))
    return catalogue.opened(path)


def test_the_command_makes_it_once_and_says_where_its_public_half_is(tmp_path: Path) -> None:
    pack.pack(tmp_path, ("proforma-backup",))
    (tmp_path / "b.json").write_text(json.dumps({"signing_key": str(tmp_path / "signing/key.pem")}))
    command = [sys.executable, "-I", str(tmp_path / "proforma-backup"), "--configuration", str(tmp_path / "b.json")]
    said = [json.loads(subprocess.run([*command, "key"], check=True, capture_output=True).stdout) for _ in range(2)]
    assert [one["made"] for one in said] == [True, False]
    assert {one["id"] for one in said} == set(trust.keys(Path(said[0]["public"])))
    assert (tmp_path / "signing/key.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "signing").iterdir()) == ["key.pem", "public.pem"]


def test_it_is_in_no_backup() -> None:
    given = Configuration()
    taken = [*given.settings, given.documents_directory]
    assert not [one for one in taken if given.signing_key.startswith(one.partition("*")[0])]


def test_without_it_and_when_others_can_read_it_nothing_is_signed(key: Path) -> None:
    key.chmod(0o640)
    with pytest.raises(RefusedError, match="Others can read"):
        signing.signer(key)
    key.unlink()
    with pytest.raises(AbsentError, match=r"Play appliance\.yml"):
        signing.signer(key)


def test_a_key_of_another_kind_is_refused(key: Path) -> None:
    command = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(RefusedError, match="no Ed25519 key"):
        signing.signer(key)


def test_a_host_that_was_replaced_left_backups_that_its_old_key_vouches_for(tmp_path: Path, key: Path) -> None:
    old, trusted = backup(tmp_path / "target", key), tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "portal-old.pub.pem").write_bytes(signing.public_half(key).read_bytes())
    signing.key_made(new := tmp_path / "new/key.pem")
    (trusted / "portal-new.pub.pem").write_bytes(signing.public_half(new).read_bytes())
    assert signing.verified(old, trusted) == signing.signer(key).id
    (trusted / "portal-old.pub.pem").unlink()
    with pytest.raises(RefusedError, match="whom nobody trusts here"):
        signing.verified(old, trusted)


def test_what_is_opened_is_a_copy_that_was_verified_and_not_what_lies_there_by_then(tmp_path: Path, key: Path) -> None:
    made = backup(tmp_path, key)
    with catalogue.held(made, "part") as copy:
        (made.path / "part").write_bytes(b"forged")
        assert copy.read_bytes() == b"sealed"
    assert not copy.exists()
    with pytest.raises(RefusedError, match="not the one that was written"), catalogue.held(made, "part"):
        pass


def test_the_manifest_that_counts_is_the_one_whose_signature_was_verified(tmp_path: Path, key: Path) -> None:
    made = backup(tmp_path, key)
    (made.path / "manifest.json").write_text("{}")
    assert signing.verified(made, signing.public_half(key))
    assert made.manifest["made_at"] == NAME
