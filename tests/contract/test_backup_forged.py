"""Somebody can write to the place of backups: what they put there is refused before it is opened."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts import postgres
from tests.support import backup_host
from tests.support.backup_host import Host, sign

pytestmark = pytest.mark.slow
OTHER = "20991231T235959Z"
"""later than every true one: what `latest` would be"""
WATCHED = '#!/bin/sh\necho "$(basename "$0") $(id -u)" >> {log}\nexec {real} "$@"\n'


@dataclass(frozen=True)
class Place:
    """A host with one true backup; `bin` comes first on PATH and notes which programs run, and as whom."""

    host: Host
    true: Path
    bin: Path

    def restore(self, *arguments: str) -> tuple[int, str]:
        """Exit code and words of a restore that would overwrite what is there, and what it left of it."""
        done = self.host.restore("--replace", "--no-verify", *arguments, first=str(self.bin))
        return done.returncode, done.stdout + done.stderr

    def started(self) -> list[tuple[str, int]]:
        lines = [line.split() for line in (self.bin / "log").read_text().splitlines()]
        return [(program, int(user)) for program, user in lines]

    def says(self, program: str, words: str) -> None:
        (self.bin / program).write_text(f"#!/bin/sh\necho '{words}'\n")

    def forged(self, name: str = OTHER) -> Path:
        return shutil.copytree(self.true, self.true.with_name(name))

    def another(self) -> Path:
        time.sleep(1)  # a backup is named after its second
        return self.host.made()

    def untouched(self) -> bool:
        return self.host.sql("SELECT first_name FROM accounts_user") == [("newer",)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    yield from backup_host.cluster()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, cluster: postgres.Cluster) -> Host:
    made = backup_host.prepared(tmp_path_factory.mktemp("host"), cluster)
    made.made()
    return made


@pytest.fixture
def place(host: Host) -> Iterator[Place]:
    """As it was before each test, with a person who was renamed since the backup."""
    host.sql("SET proforma.actor = 'later'; UPDATE accounts_user SET first_name = 'newer'")
    true = next(path for path in (host.root / "target").iterdir())
    kept = shutil.copytree(true, host.root / "kept" / true.name)
    with tempfile.TemporaryDirectory() as folder:
        yield Place(host, true, _watching(Path(folder)))
    shutil.rmtree(host.root / "target")
    shutil.move(kept.parent, host.root / "target")
    host.configure()


def _watching(folder: Path) -> Path:
    """Programs that note their start: open to all, as they run as another user."""
    folder.chmod(0o755)
    (folder / "log").touch()
    (folder / "log").chmod(0o666)
    for program in ("age", "psql", "pg_restore"):
        (folder / program).write_text(WATCHED.format(log=folder / "log", real=shutil.which(program)))
        (folder / program).chmod(0o755)
    return folder


def _altered(place: Place) -> None:
    forged = place.forged()
    manifest = json.loads((forged / "manifest.json").read_text()) | {"made_at": OTHER}
    (forged / "manifest.json").write_text(json.dumps(manifest))


def _renamed(place: Place) -> None:
    place.forged()


def _another_backups_files(place: Place) -> None:
    newer = place.another()
    shutil.copy(newer / "database.dump.age", place.true / "database.dump.age")
    shutil.rmtree(newer)


def _another_backup_in_its_place(place: Place) -> None:
    newer = place.another()
    shutil.rmtree(place.true)
    newer.rename(place.true)


def _unsigned(place: Place) -> None:
    (place.true / "manifest.json.sig").unlink()


def _damaged(place: Place) -> None:
    (place.true / "manifest.json.sig").write_text("[]")


def _strangers(place: Place) -> None:
    place.host.rewrite(place.forged(), Ed25519PrivateKey.generate(), made_at=OTHER)


def _in_our_name(place: Place) -> None:
    ours = json.loads((place.true / "manifest.json.sig").read_text())["key"]
    sign(place.true, Ed25519PrivateKey.generate(), name=ours)


def _for_another_purpose(place: Place) -> None:
    sign(place.true, place.host.own_key(), prefix=b"proforma-release-1\n")


FORGERIES: dict[str, tuple[Callable[[Place], None], str]] = {
    "an altered manifest": (_altered, "The signature does not fit"),
    "an older one under a newer name": (_renamed, "under another name"),
    "the dump of another backup": (_another_backups_files, "not the one that was written"),
    "another backup under this one's name": (_another_backup_in_its_place, "under another name"),
    "no signature": (_unsigned, "The backup is not signed"),
    "a damaged signature": (_damaged, "The signature is damaged"),
    "a stranger's signature": (_strangers, "whom nobody trusts here"),
    "a stranger's signature in our name": (_in_our_name, "The signature does not fit"),
    "our signature, made for another purpose": (_for_another_purpose, "The signature does not fit"),
}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_refused_before_it_is_opened(place: Place, forgery: str, check: bool) -> None:
    forge, words = FORGERIES[forgery]
    forge(place)
    code, said = place.restore(*["--check"] * check)
    assert (code, words in said, "Nothing was changed." in said) == (65, True, True), said
    assert str(place.host.root / "target") in said
    assert place.started() == []
    assert place.untouched()


@pytest.mark.parametrize("forgery", ["no signature", "a stranger's signature", "an altered manifest"])
def test_a_forgery_is_no_backup_for_verify_either(place: Place, forgery: str) -> None:
    FORGERIES[forgery][0](place)
    refused = place.host.run("proforma-backup", "verify")
    assert (refused.returncode, FORGERIES[forgery][1] in refused.stderr) == (65, True)


def test_one_of_before_backups_were_signed_is_taken_by_its_name_and_an_explicit_word(place: Place) -> None:
    _unsigned(place)
    code, said = place.restore("--unsigned")
    assert (code, "give the backup's name" in said, place.untouched()) == (65, True, True)
    assert "NOT SIGNED" in place.host.run("proforma-backup", "list").stdout
    code, said = place.restore("--unsigned", place.true.name)
    assert (code, "signed by nobody" in said, place.untouched()) == (0, True, False), said


def test_the_explicit_word_excuses_no_wrong_signature(place: Place) -> None:
    _in_our_name(place)
    code, said = place.restore("--unsigned", place.true.name)
    assert (code, "The signature does not fit" in said, place.untouched()) == (65, True, True)


def test_keys_that_others_can_change_are_not_believed(place: Place) -> None:
    trusted = place.host.root / "elsewhere"
    shutil.copytree(place.host.root / "trusted", trusted)
    trusted.chmod(0o777)
    code, said = place.restore("--trust", str(trusted))
    assert (code, "Others can change" in said, place.started()) == (65, True, [])
    shutil.rmtree(trusted)
    trusted.mkdir()
    code, said = place.restore("--trust", str(trusted))
    assert (code, "No key is trusted" in said, "release" in said, place.started()) == (66, True, False, [])


def test_programs_that_read_a_dump_run_without_roots_rights(place: Place) -> None:
    code, said = place.restore()
    assert (code, place.untouched()) == (0, False), said
    users = {program: {u for p, u in place.started() if p == program} for program in ("age", "psql", "pg_restore")}
    assert users["age"] == {os.geteuid()}
    assert users["psql"] == users["pg_restore"]
    assert users["psql"].isdisjoint({0})


@pytest.mark.parametrize(("user", "code"), [("root", 65), ("nobody-of-that-name", 66)])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_there_is_no_restore_with_roots_rights(place: Place, user: str, code: int) -> None:
    place.host.configure(user=user)
    done, said = place.restore()
    assert (done, user in said, place.started(), place.untouched()) == (code, True, [], True)


@pytest.mark.parametrize("rights", [
    "SUPERUSER", "IN ROLE postgres", "CREATEROLE", "NOINHERIT IN ROLE pg_execute_server_program",
    "IN ROLE pg_read_server_files", "IN ROLE pg_write_server_files",
])  # fmt: skip
@pytest.mark.parametrize("check", [False, True])
def test_a_role_that_could_start_programs_on_the_server_restores_nothing(
    place: Place, rights: str, check: bool
) -> None:
    host = place.host
    host.as_administrator(f"CREATE ROLE forger LOGIN PASSWORD 'x' {rights}")
    try:
        (host.root / "mighty_url").write_text(f"postgres://forger:x@127.0.0.1:{host.cluster.port}/{postgres.DATABASE}")
        host.configure(owner_url=str(host.root / "mighty_url"))
        code, said = place.restore(*["--check"] * check)
    finally:
        host.as_administrator("DROP ROLE forger")
    power = rights.split()[-1] if "IN ROLE" in rights else "forger"
    assert (code, f"has the rights of {power}" in said) == (65, True), said
    assert place.untouched()
    assert "age" not in {program for program, _ in place.started()}


@pytest.mark.parametrize("program", ["psql", "pg_restore"])
@pytest.mark.parametrize("check", [False, True])
def test_clients_without_the_fix_are_not_used(place: Place, program: str, check: bool) -> None:
    place.says(program, f"{program} (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)")
    code, said = place.restore(*["--check"] * check)
    assert (code, "CVE-2025-8714" in said, "15.13" in said, place.untouched()) == (65, True, True, True), said
    assert "age" not in {started for started, _ in place.started()}


def test_a_check_without_the_private_key_proves_who_wrote_it_and_opens_nothing(place: Place) -> None:
    done = place.host.run("proforma-restore", "--check", first=str(place.bin))
    assert (done.returncode, "signed by" in done.stdout) == (0, True), done.stderr
    assert "age" not in {program for program, _ in place.started()}
    lacking = place.host.run("proforma-restore", "--replace", first=str(place.bin))
    assert (lacking.returncode, "--identity" in lacking.stderr, place.untouched()) == (66, True, True)
