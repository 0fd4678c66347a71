"""Where a passphrase may come from, and what is one."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from scripts.pki_lib.errors import PassphraseError
from scripts.pki_lib.passphrases import Origin

GOOD = b"seven plain words that nobody guesses"


def from_file(path: Path, raw: bytes, mode: int = 0o600) -> Origin:
    path.write_bytes(raw)
    path.chmod(mode)
    return Origin("authority", "--passphrase", file=path)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_end_of_the_line_is_not_part_of_it(tmp_path: Path, end: bytes) -> None:
    assert from_file(tmp_path / "p", GOOD + end).new() == GOOD


def test_spaces_and_letters_beyond_ascii_are(tmp_path: Path) -> None:
    assert from_file(tmp_path / "p", " übermäßig lang \n".encode()).new() == " übermäßig lang ".encode()


def test_it_comes_from_an_open_file_descriptor() -> None:
    read, write = os.pipe()
    os.write(write, GOOD + b"\n")
    os.close(write)
    assert Origin("authority", "--passphrase", fd=read).existing() == GOOD
    os.close(read)


@pytest.mark.parametrize("raw", [b"", b"\n", b"two\nlines", b"x" * 2000, b"zero\0byte and more"])
def test_what_is_no_line_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(PassphraseError, match="is empty or no line"):
        from_file(tmp_path / "p", raw).existing()


def test_a_new_one_has_a_least_length_an_existing_one_is_taken_as_it_is(tmp_path: Path) -> None:
    short = from_file(tmp_path / "p", b"elf zeichen")
    with pytest.raises(PassphraseError, match=r"too few characters.*Use 12 or more"):
        short.new()
    assert short.existing() == b"elf zeichen"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(PassphraseError, match=r"Others can read the passphrase.*chmod 600"):
        from_file(tmp_path / "p", GOOD, mode).existing()


@pytest.mark.parametrize("origin", [Origin("authority", "--passphrase", file=Path("nowhere"))])
def test_a_file_that_is_not_there_is_named(origin: Origin) -> None:
    with pytest.raises(PassphraseError, match=r"No such file.*nowhere"):
        origin.existing()


def test_a_descriptor_that_is_not_open_is_named() -> None:
    with pytest.raises(PassphraseError, match=r"cannot be read.*fd 987"):
        Origin("authority", "--passphrase", fd=987).existing()


@pytest.mark.parametrize(
    ("typed", "ends"), [([GOOD, GOOD], 0), ([GOOD, b"seven other words"], 77), ([b"short", b"short"], 77)]
)
def test_at_a_terminal_a_new_one_is_asked_for_twice_and_never_shown(typed: list[bytes], ends: int) -> None:
    child, terminal = pty.fork()
    if child == 0:
        sys.stderr = sys.__stderr__
        try:
            os._exit(0 if Origin("authority", "--passphrase").new() == GOOD else 1)
        except PassphraseError as error:
            os._exit(error.exit_code)
    shown = b""
    for line, prompt in zip(typed, (b"New passphrase of the authority: ", b"Once more: "), strict=True):
        while prompt not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, line + b"\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == ends
    os.close(terminal)
    assert typed[0] not in shown
