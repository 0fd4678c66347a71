"""Whatever ends a command in the middle (a crash, a full disk, a second administrator), no certificate is lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.pki_lib import audit, files, keys, store
from scripts.pki_lib.certificates import sha256
from tests.support.pki import Desk, certificate, desk

pytestmark = pytest.mark.slow

STEPS = ("replace", "link", "fsync", "rename", "unlink")
"""the calls of the operating system after which the disk looks different"""


@pytest.fixture(autouse=True)
def keys_that_open_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the cost of guessing: it is paid at each of hundreds of commands."""
    monkeypatch.setattr(keys, "SCRYPT_N", 2**4)


def die_at(step: int) -> None:
    """In a child process: end without a word at the given one of these calls, counted from 1."""
    left = [step]

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **named: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)
            return call(*arguments, **named)

        return counted

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))


def dies(step: int, run: Callable[[], int]) -> bool:
    """Run in a child that dies at `step`; False when it came to its end before."""
    child = os.fork()
    if child == 0:
        die_at(step)
        os._exit(run())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9), code
    return code == 9


def every_crash(tmp_path: Path, prepare: Callable[[Desk], None], run: Callable[[Desk], int]) -> list[Desk]:
    """One desk for each moment at which `run` can die, as it was left."""
    ready = desk(tmp_path)
    prepare(ready)
    left: list[Desk] = []
    for step in range(1, 60):
        copy = tmp_path / f"died-at-{step}"
        shutil.copytree(tmp_path, copy, ignore=shutil.ignore_patterns("died-*"))
        here = Desk(copy)
        if not dies(step, lambda here=here: run(here)):  # type: ignore[misc]
            return left
        left.append(here)
    raise AssertionError("it never comes to its end")


def whole(here: Desk) -> bool:
    return here.run("check") == 0


def test_killed_at_any_moment_while_signing_nothing_is_outside_that_the_register_does_not_know(tmp_path: Path) -> None:
    def prepare(here: Desk) -> None:
        here.request("customer", "vpn.customer.example", key="customer-a")

    def sign(here: Desk) -> int:
        given = ("--csr", here.folder / "customer-a.csr", "--identity", "vpn.customer.example")
        return here.run("sign", "customer", "customer-a", *given, "--out", here.folder / "a.crt")

    left = every_crash(tmp_path, prepare, sign)
    assert len(left) >= 8
    for here in left:
        known = {entry.sha256 for entry in here.index.entries}
        given_out = [p for p in here.folder.iterdir() if p.is_file() and b"BEGIN CERTIFICATE-" in p.read_bytes()]
        assert {sha256(certificate(p)) for p in given_out} <= known
        assert whole(here)
        assert sign(here) == 0, "the same command again completes it"
        assert len(here.index.entries) == 1
        assert list(here.state.rglob(f"{files.TEMPORARY}*")) == []
        assert whole(here)


def test_killed_at_any_moment_while_revoking_the_same_command_again_completes_it(tmp_path: Path) -> None:
    def prepare(here: Desk) -> None:
        here.sign("staff", "mara", "mara@example.net")

    def revoke(here: Desk) -> int:
        return here.run("revoke", "mara", "--reason", "key-compromise")

    half = 0
    for here in every_crash(tmp_path, prepare, revoke):
        recorded, listed = bool(here.index.entries[0].revoked_at), len(here.store.crl) == 1
        assert recorded or not listed
        if recorded and not listed:
            half += 1
            assert here.run("check") == 78
            assert here.run("expiring") == 2
        assert revoke(here) == 0
        assert [r.serial_number for r in here.store.crl] == [certificate(here.folder / "mara.crt").serial_number]
        assert whole(here)
    assert half > 0, "the moment in between was not met"


def test_killed_at_any_moment_while_the_authority_is_made_there_is_none_or_a_whole_one(tmp_path: Path) -> None:
    for step in range(1, 60):
        here = Desk(_new(tmp_path / f"{step}"))
        if not dies(step, here.init):
            break
        assert here.init() == 0
        assert whole(here)
    else:
        raise AssertionError("it never comes to its end")


def test_killed_at_any_moment_while_the_passphrase_changes_one_of_both_opens_it(tmp_path: Path) -> None:
    def change(here: Desk) -> int:
        return here.run("passphrase", "--new-passphrase-file", here.folder / "other")

    for here in every_crash(tmp_path, lambda _: None, change):
        assert 0 in {here.run("crl"), here.run("crl", "--passphrase-file", here.folder / "other")}


def test_two_administrators_at_once_lose_no_certificate(tmp_path: Path) -> None:
    here = desk(tmp_path)
    people = [f"p{number}" for number in range(8)]
    for name in people:
        here.request("staff", f"{name}@example.net", key=name)
    children = []
    for name in people:
        child = os.fork()
        if child == 0:
            given = ("--csr", here.folder / f"{name}.csr", "--identity", f"{name}@example.net")
            os._exit(here.run("sign", "staff", name, *given, "--out", here.folder / f"{name}.crt"))
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * len(people)
    assert sorted(entry.name for entry in here.index.entries) == people
    assert whole(here)


def test_who_comes_second_is_told_who_is_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    here = desk(tmp_path)
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.1)
    with here.store.lock():
        assert here.run("crl") == 75
    assert f"in use by {audit.administrator()} process {os.getpid()}" in capfd.readouterr().err
    assert here.run("crl") == 0


def test_the_lock_goes_with_the_process_that_had_it(tmp_path: Path) -> None:
    here = desk(tmp_path)
    child = os.fork()
    if child == 0:
        with here.store.lock():
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert here.run("crl") == 0


def with_a_long_trail(here: Desk) -> None:
    for _ in range(10):
        assert here.run("crl") == 0


def with_a_long_register(here: Desk) -> None:
    for name in ("otto", "nina", "ada"):
        here.sign("staff", name, f"{name}@example.net")


@pytest.mark.parametrize("prepare", [with_a_long_trail, with_a_long_register])
def test_on_a_full_disk_a_command_is_done_or_nothing_has_changed(
    tmp_path: Path, prepare: Callable[[Desk], None]
) -> None:
    here = desk(tmp_path)
    prepare(here)
    here.request("customer", "vpn.customer.example", key="a")
    given = ("--csr", here.folder / "a.csr", "--identity", "vpn.customer.example", "--out", here.folder / "a.crt")
    ends = []
    for space in range(0, 20000, 800):
        before = here.untouched()
        ends.append(with_room_for(space, lambda: here.run("sign", "customer", "a", *given)))
        assert whole(here), space
        assert not list(tmp_path.rglob(f"{files.TEMPORARY}*"))
        if ends[-1] == 0:
            break
        assert not (here.folder / "a.crt").exists()
        changed = {name for name, data in here.untouched().items() if before.get(name) != data}
        assert changed <= {"audit.log"}, "that it was tried may be in the trail; nothing else"
    assert set(ends) == {0, 74}
    assert [entry.name for entry in here.index.entries].count("a") == 1


def with_room_for(space: int, run: Callable[[], int]) -> int:
    """In a child for whom no file can grow beyond `space` bytes -> its exit code."""
    child = os.fork()
    if child == 0:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  until the child ends
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (space, space))
        os._exit(run())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _new(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_key_made_here_that_does_not_fit_on_the_disk_leaves_no_certificate_behind(tmp_path: Path) -> None:
    here = desk(tmp_path)
    before, out = here.untouched(), here.folder / "mara.pem"
    given = ["--make-key", "--format", "pem", "--out", str(out), "--key-passphrase-file", str(here.folder / "other")]
    issue = ["staff", "mara", "--identity", "mara@example.net", *given]
    assert with_room_for(1600, lambda: here.run("issue", *issue)) == 74
    assert (here.untouched(), out.exists()) == (before, False)
    assert with_room_for(10_000, lambda: here.run("issue", *issue)) == 0
