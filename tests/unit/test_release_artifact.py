"""Artifacts: the same bytes each time, and not one of them can be changed without being refused."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.proforma_install import artifact, rollout, trust
from scripts.proforma_install.artifact import order, safe
from scripts.proforma_install.errors import AbsentError, RefusedError
from scripts.release_lib import keys, packing
from scripts.release_lib.errors import KeyFileError
from tests.support import releases
from tests.support.releases import Signer
from tests.support.tools import tool


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    tool("openssl", package="openssl")
    return releases.signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture
def made(tmp_path: Path, signer: Signer) -> Path:
    return releases.release(tmp_path, "1.0.0", signer)


def test_the_same_files_make_the_same_artifact_and_statement(tmp_path: Path, signer: Signer) -> None:
    made: list[tuple[bytes, bytes]] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        folder = releases.tree(tmp_path / name / "tree", "1.0.0")
        about = packing.About("1.0.0", "c" * 40, releases.COMMITTED, releases.HERE)
        for path in folder.rglob("*"):
            os.utime(path, (len(made) + 1, len(made) + 1))
            path.chmod(0o700 if made else 0o755)
        statement = packing.pack(folder, tmp_path / name / "made.tar", about)
        made.append((statement, (tmp_path / name / "made.tar").read_bytes()))
    assert made[0] == made[1]


def test_the_install_step_is_the_same_program_each_time_and_holds_no_other_code(tmp_path: Path) -> None:
    one, two = packing.installer(tmp_path / "one"), packing.installer(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
    names = zipfile.ZipFile(one).namelist()
    assert "__main__.py" in names
    assert {n.split("/")[0] for n in names} == {"__main__.py", "proforma_install"}


def test_what_was_signed_is_accepted(made: Path, signer: Signer) -> None:
    stated, files = rollout.verify(made, signer.trust)
    assert (stated.version, stated.signers, files) == ("1.0.0", (keys.identity(signer.key),), 6)


def places(path: Path) -> dict[str, int]:
    """An offset of each kind of byte in an artifact."""
    with tarfile.open(path) as tar:
        members = {m.name: m for m in tar.getmembers()}
    wheel = next(m for name, m in members.items() if name.startswith("wheelhouse/django"))
    return {
        "the header of the manifest": members["manifest.json"].offset + 10,
        "the manifest": members["manifest.json"].offset_data + 10,
        "the header of a file": members["VERSION"].offset + 100,
        "code": members["app/portal/__init__.py"].offset_data,
        "a wheel": wheel.offset_data + wheel.size // 2,
        "the padding after a file": members["VERSION"].offset_data + members["VERSION"].size,
        "the end": path.stat().st_size - 1,
    }


@pytest.mark.parametrize(
    "what",
    [
        "the header of the manifest",
        "the manifest",
        "the header of a file",
        "code",
        "a wheel",
        "the padding after a file",
        "the end",
    ],
)
def test_an_artifact_is_refused_when_one_bit_differs_in(what: str, made: Path, signer: Signer) -> None:
    data = bytearray(made.read_bytes())
    data[places(made)[what]] ^= 1
    made.write_bytes(data)
    with pytest.raises(RefusedError, match="altered"):
        rollout.verify(made, signer.trust)


@pytest.mark.parametrize("what", ["the header of a file", "code", "a wheel"])
def test_a_bit_that_changes_after_the_verification_is_not_unpacked(
    what: str, made: Path, signer: Signer, tmp_path: Path
) -> None:
    stated = artifact.statement(made, trust.keys(signer.trust))
    place = places(made)[what]
    with made.open("r+b") as file, made.open("rb") as held:
        members = artifact.verified(held, stated)
        byte = os.pread(file.fileno(), 1, place)
        os.pwrite(file.fileno(), bytes([byte[0] ^ 1]), place)
        with pytest.raises(RefusedError):
            artifact.unpack(held, members, tmp_path / "into")


def test_every_byte_of_the_signature_file_matters(made: Path, signer: Signer) -> None:
    path = made.with_name(made.name + ".sig")
    good = path.read_bytes()
    for place in range(0, len(good) - 1, 7):
        altered = bytearray(good)
        altered[place] ^= 1
        path.write_bytes(altered)
        with pytest.raises(RefusedError):
            rollout.verify(made, signer.trust)


@pytest.mark.parametrize(
    ("alter", "says"),
    [
        (lambda path: path.with_name(path.name + ".sig").unlink(), "unsigned"),
        (lambda path: path.write_bytes(path.read_bytes()[:-512]), "cut short"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\0" * 512), "too long"),
        (lambda path: path.with_name(path.name + ".sig").write_text('{"statement": "", "signatures": []}'), "nobody"),
        (lambda path: path.with_name(path.name + ".sig").write_text("[" * 100_000), "damaged"),
    ],
)
def test_an_artifact_is_refused_that_is(alter: Callable[[Path], object], says: str, made: Path, signer: Signer) -> None:
    alter(made)
    with pytest.raises(RefusedError, match=says):
        rollout.verify(made, signer.trust)


def test_a_key_that_the_host_does_not_trust_is_named_with_the_remedy(made: Path, tmp_path: Path) -> None:
    other = releases.signer(tmp_path / "other")
    with pytest.raises(RefusedError, match=r"does not trust.*add the new public key first"):
        rollout.verify(made, other.trust)


def test_a_signature_over_the_same_bytes_for_another_purpose_does_not_count(made: Path, signer: Signer) -> None:
    path = made.with_name(made.name + ".sig")
    sealed = json.loads(path.read_text())
    plain = signer.key.sign(base64.b64decode(sealed["statement"]))
    sealed["signatures"][0]["signature"] = base64.b64encode(plain).decode()
    path.write_text(json.dumps(sealed))
    with pytest.raises(RefusedError, match="does not fit"):
        rollout.verify(made, signer.trust)


def test_a_second_signature_carries_hosts_over_a_rotation(made: Path, signer: Signer, tmp_path: Path) -> None:
    new = releases.signer(tmp_path / "new")
    packing.add_signature(made, new.key)
    for each in (signer, new):
        assert rollout.verify(made, each.trust)[0].signers == (keys.identity(each.key),)


def test_trusted_keys_that_others_can_write_are_not_trusted(made: Path, tmp_path: Path) -> None:
    other = releases.signer(tmp_path / "open")
    next(other.trust.iterdir()).chmod(0o666)
    with pytest.raises(RefusedError, match="Others can change"):
        rollout.verify(made, other.trust)


def test_a_directory_without_keys_trusts_nobody(made: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir(mode=0o755)
    with pytest.raises(AbsentError, match="No key is trusted"):
        rollout.verify(made, tmp_path / "none")


def forged(path: Path, signer: Signer, members: list[tarfile.TarInfo], named: list[str] | None = None) -> None:
    """A signed artifact, as by a builder gone wrong, with these members; each plain file holds b"x"."""
    digest = hashlib.sha256(b"x").hexdigest()
    names = named if named is not None else [m.name for m in members]
    entries = [{"path": n, "sha256": digest, "size": 1, "executable": False} for n in names]
    manifest = packing.as_json({"files": entries})
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        head = tarfile.TarInfo("manifest.json")
        head.size = len(manifest)
        tar.addfile(head, io.BytesIO(manifest))
        for member in members:
            tar.addfile(member, io.BytesIO(b"x") if member.isreg() else None)
    stated = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
    }
    packing.seal(path, packing.as_json(releases.stated_of(path) | stated), [signer.key])


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    "members",
    [
        [member("../outside")],
        [member("/outside")],
        [member("app/../../outside")],
        [member("app//x")],
        [member("app/./x")],
        [member(".hidden")],
        [member("app/x\n")],
        [member("app\\x")],
        [member("app/é")],
        [member("manifest.json")],
        [member("app", tarfile.SYMTYPE, "/tmp"), member("app/x")],  # noqa: S108
        [member("app/x", tarfile.LNKTYPE, "/etc/passwd")],
        [member("app/x", tarfile.CHRTYPE)],
        [member("app/x", tarfile.FIFOTYPE)],
        [member("app/x", tarfile.DIRTYPE)],
        [member("app/x"), member("app/x")],
    ],
    ids=lambda members: ascii("+".join(m.name + m.type.decode() for m in members)),
)
def test_even_a_signed_archive_cannot_reach_outside_or_bring_other_than_plain_files(
    members: list[tarfile.TarInfo], made: Path, signer: Signer
) -> None:
    forged(made, signer, members)
    with pytest.raises(RefusedError):
        rollout.verify(made, signer.trust)


def test_a_forged_archive_of_plain_files_alone_would_pass(made: Path, signer: Signer) -> None:
    forged(made, signer, [member("app/x"), member("app/y")])  # so the refusals above are due to what differs
    assert rollout.verify(made, signer.trust)[1] == 2


@pytest.mark.parametrize("named", [["app/x"], ["app/x", "app/y", "app/z"]])
def test_manifest_and_archive_must_name_the_same_files(named: list[str], made: Path, signer: Signer) -> None:
    forged(made, signer, [member("app/x"), member("app/y")], named)
    with pytest.raises(RefusedError):
        rollout.verify(made, signer.trust)


def test_versions_are_ordered_by_number() -> None:
    assert order("0.9.0") < order("0.10.0") < order("0.10.0.1") < order("1.0.0")


def test_names_of_real_files_are_safe() -> None:
    assert all(
        safe(n) for n in ("app/portal/__init__.py", "wheelhouse/a_b-1.0+x-py3-none-any.whl", "app/x.3f2a.css.br")
    )


def test_a_key_is_never_made_inside_a_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(KeyFileError, match="inside a repository"):
        keys.create(tmp_path / "deep/keys", releases.PASSPHRASE)
    assert not (tmp_path / "deep").exists()


def test_a_signing_key_is_closed_and_needs_its_passphrase(signer: Signer, tmp_path: Path) -> None:
    assert signer.private.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in signer.private.read_bytes()
    with pytest.raises(KeyFileError, match="wrong"):
        keys.load(signer.private, b"another passphrase")
    copy = tmp_path / "copy.pem"
    copy.write_bytes(signer.private.read_bytes())
    copy.chmod(0o644)
    with pytest.raises(KeyFileError, match="Others can read"):
        keys.load(copy, releases.PASSPHRASE)
