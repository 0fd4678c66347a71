"""Secrets by reference: where they are looked for, and what is refused without being shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from portal.lib.credentials import CredentialError, credential_read, variable

REF = "customers/acme/source"
SECRET = "hunter2-canary"


def put(directory: Path, text: str = "", ref: str = REF, mode: int = 0o600) -> Path:
    path = directory / f"{ref}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or json.dumps({"username": "reader", "password": SECRET}))
    path.chmod(mode)
    return path


def refused(ref: str, directory: Path | None) -> str:
    with pytest.raises(CredentialError) as caught:
        credential_read(ref, directory)
    assert SECRET not in str(caught.value)
    assert caught.value.permanent
    assert caught.value.problem.remedy
    return str(caught.value)


def test_a_file_of_its_own_holds_a_customers_credential(tmp_path: Path) -> None:
    put(tmp_path)
    credential = credential_read(REF, tmp_path)
    assert (credential.get("username"), credential.get("password")) == ("reader", SECRET)
    assert SECRET not in repr(credential)


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path)
    monkeypatch.setenv("PROFORMA_CREDENTIAL_CUSTOMERS_ACME_SOURCE", '{"token": "t"}')
    assert credential_read(REF, tmp_path).fields == {"token": "t"}
    assert credential_read(REF, None).fields == {"token": "t"}


def test_two_references_never_share_a_variable() -> None:
    refs = ["customers/a-b/source", "customers/a/b/source", "customers/a/b-source", "customers/a-/b/source"]
    assert len({variable(ref) for ref in refs}) == len(refs)


def test_a_missing_credential_says_where_to_put_it(tmp_path: Path) -> None:
    text = refused(REF, tmp_path)
    assert str(tmp_path / "customers/acme/source.json") in text
    assert "PROFORMA_CREDENTIAL_CUSTOMERS_ACME_SOURCE" in text


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o620, 0o606, 0o700, 0o642])
def test_a_file_that_others_can_read_or_the_group_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    put(tmp_path, mode=mode)
    assert "chmod 0600" in refused(REF, tmp_path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_file_for_the_service_or_its_group_is_read(tmp_path: Path, mode: int) -> None:
    put(tmp_path, mode=mode)
    assert credential_read(REF, tmp_path).get("username") == "reader"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(put(tmp_path), 65534, -1)
    assert "belongs to another user" in refused(REF, tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = put(tmp_path, ref="customers/other/source")
    link = tmp_path / "customers/acme/source.json"
    link.parent.mkdir()
    link.symlink_to(target)
    assert "cannot be opened" in refused(REF, tmp_path)


def test_a_pipe_or_a_directory_in_its_place_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "customers/acme/source.json"
    path.parent.mkdir(parents=True)
    os.mkfifo(path, 0o600)
    assert "no regular file" in refused(REF, tmp_path)
    path.unlink()
    path.mkdir()
    assert "no regular file" in refused(REF, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f'["{SECRET}"]',
        "{}",
        f'{{"password": "{SECRET}", "port": 22}}',
        f'{{"a": {{"password": "{SECRET}"}}}}',
        f'{{"password": "{SECRET}"',
        '{"pad": "' + "x" * 70_000 + '"}',
    ],
)
def test_what_is_no_object_of_strings_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    put(tmp_path, text)
    assert "no JSON object of strings" in refused(REF, tmp_path)


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "source",
        "../etc/source",
        "customers/../source",
        "customers/./source",
        "/customers/acme",
        "customers//acme",
        "customers/acme/",
        "customers/ACME/source",
        "customers/acme/source.json",
        "customers/acme/source\n",
        "customers/acme\x00/source",
        "a/" * 8 + "a",
    ],
)
def test_a_reference_that_could_lead_elsewhere_is_refused(tmp_path: Path, ref: str) -> None:
    assert "not written as one" in refused(ref, tmp_path)


def test_another_place_is_one_more_function() -> None:
    credential = credential_read(REF, None, places=[lambda _ref: None, lambda ref: json.dumps({"ref": ref})])
    assert credential.get("ref") == REF
