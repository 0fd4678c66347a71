"""The store on the file system, with real files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from portal.lib.storage import FileStore, StorageError, store

KEY = "PF-2026-000001/abc/PF-2026-000001.pdf"


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents")


def test_what_is_put_can_be_got(files: FileStore) -> None:
    files.put(KEY, b"bytes", "application/pdf")
    assert files.get(KEY) == b"bytes"


def test_the_same_bytes_again_are_harmless_and_other_bytes_are_refused(files: FileStore) -> None:
    files.put(KEY, b"first", "text/plain")
    files.put(KEY, b"first", "text/plain")
    with pytest.raises(StorageError, match="other bytes") as refused:
        files.put(KEY, b"second", "text/plain")
    assert refused.value.permanent
    assert files.get(KEY) == b"first"


def test_only_the_services_user_can_enter_whatever_the_umask(files: FileStore, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files.put(KEY, b"bytes", "text/plain")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "documents").rglob("*") if p.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE((tmp_path / "documents" / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "documents").stat().st_mode) == 0o700


def test_a_group_that_may_read_the_store_may_read_what_is_put_into_it(files: FileStore, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents").chmod(0o2750)
    before = os.umask(0)
    try:
        files.put(KEY, b"bytes", "text/plain")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "documents" / KEY).stat().st_mode) == 0o640
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "documents").rglob("*") if p.is_dir()} == {0o2750}


def test_nothing_is_left_aside(files: FileStore, tmp_path: Path) -> None:
    files.put(KEY, b"first", "text/plain")
    with pytest.raises(StorageError):
        files.put(KEY, b"second", "text/plain")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["PF-2026-000001.pdf"]


@pytest.mark.parametrize(
    "key", ["../outside", "a/../../b", "/etc/passwd", "a//b", ".hidden", "a/.part", "", "a/b\n", "ä"]
)
def test_a_key_cannot_lead_elsewhere(files: FileStore, key: str) -> None:
    for act in (lambda: files.get(key), lambda: files.put(key, b"x", "text/plain")):
        with pytest.raises(StorageError, match="no key"):
            act()


def test_a_missing_document_says_what_to_do(files: FileStore) -> None:
    with pytest.raises(StorageError, match="Restore it from the backup") as missing:
        files.get(KEY)
    assert missing.value.permanent


def test_a_store_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file where the directory should be")
    with pytest.raises(StorageError, match="cannot be written") as failed:
        FileStore(tmp_path / "documents").put(KEY, b"x", "text/plain")
    assert not failed.value.permanent


def test_the_settings_choose_the_directory(directories: Path) -> None:
    store().put(KEY, b"bytes", "text/plain")
    assert (directories / "documents" / KEY).read_bytes() == b"bytes"
