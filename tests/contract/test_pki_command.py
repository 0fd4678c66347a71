"""./scripts/pki as people use it: the life of a certificate, and everything that is refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.pki_lib import keys
from scripts.pki_lib.__main__ import COMMANDS
from scripts.pki_lib.errors import UsageError
from scripts.pki_lib.options import parser, state_of
from tests.support.pki import NAMED, OTHER, Desk, desk, said

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    return desk(tmp_path)


@pytest.fixture(autouse=True)
def keys_that_open_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "SCRYPT_N", 2**4)


def test_the_state_and_all_in_it_is_its_owner_s_alone(here: Desk) -> None:
    here.sign("staff", "mara", "mara@example.net")
    modes = {path.stat().st_mode & 0o777 for path in [here.state, *here.state.rglob("*")] if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in here.state.rglob("*") if path.is_file()} == {0o600}


def test_what_is_handed_out_can_be_read_by_others_unless_a_key_is_in_it(here: Desk) -> None:
    modes = [path.stat().st_mode & 0o777 for path in (here.sign("gateway", "gw-a", "vpn.example.net"),)]
    assert here.run("crl", "--out", here.folder / "list.pem") == 0
    modes.append((here.folder / "list.pem").stat().st_mode & 0o777)
    assert modes == [0o644, 0o644]
    assert here.issue("mara", "mara@example.net").stat().st_mode & 0o777 == 0o600


def test_an_authority_is_made_once_and_asking_again_changes_nothing(
    here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    before = here.untouched()
    assert here.init() == 0
    said(capfd, "is there already.*Nothing was changed")
    assert here.run("init", "--for", "all", "--organisation", "Another", "--name", "Another") == 65
    said(capfd, "There is something already.*--state")
    assert here.untouched() == before


def test_without_being_told_where_the_state_is_among_the_administrator_s_own_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROFORMA_PKI_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    given = parser().parse_args(["list", "--for", "staff"])
    assert state_of(given) == tmp_path / ".local/share/proforma-pki/staff"
    monkeypatch.setenv("PROFORMA_PKI_DIR", "~/elsewhere")
    assert state_of(given) == tmp_path / "elsewhere/staff"
    signing = ["--csr", __file__, "--identity", "vpn.example.net"]
    assert state_of(parser().parse_args(["sign", "gateway", "gw-a", *signing])) == tmp_path / "elsewhere/gateways"
    with pytest.raises(UsageError, match=r"not clear which authority.*--for staff or --for gateways"):
        state_of(parser().parse_args(["list"]))


@pytest.mark.parametrize(
    ("purpose", "profile", "identity"),
    [("staff", "customer", "vpn.customer.example"), ("gateways", "staff", "mara@example.net")],
)
def test_the_staff_s_authority_signs_nobody_else_and_nobody_else_signs_staff(
    purpose: str, profile: str, identity: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A VPN host takes for staff whoever the staff's authority has signed."""
    here = Desk(tmp_path)
    assert here.run("init", "--for", purpose, *NAMED) == 0
    given = ("--csr", here.request(profile, identity), "--identity", identity, "--out", tmp_path / "out.crt")
    assert here.run("sign", profile, "x", *given) == 65
    said(capfd, f"This authority is for {purpose} and signs no '{profile}'")
    assert here.index.entries == ()


@pytest.mark.parametrize("wrong", [("--crl-url", "https://x/ca.crl"), ("--name", "x" * 65), ("--days", "30")])
def test_an_authority_that_cannot_be_is_not_begun(wrong: tuple[str, str], tmp_path: Path) -> None:
    assert Desk(tmp_path).run("init", "--for", "staff", *NAMED, *wrong) in (64, 65)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "secret"]


def test_no_authority_is_made_inside_a_repository(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git").mkdir()
    assert Desk(tmp_path).init() == 65
    said(capfd, "inside a git repository.*Keys never go where a commit could take them")
    assert not (tmp_path / "state").exists()


def test_signing_the_same_request_again_gives_the_same_certificate(
    here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    first = here.sign("gateway", "gw-a", "vpn.example.net")
    before, pem = here.untouched(), first.read_bytes()
    assert here.sign("gateway", "gw-a", "vpn.example.net").read_bytes() == pem
    assert here.untouched() == before
    said(capfd, "was issued before for this key; nothing was changed")


def test_making_a_request_again_takes_the_key_that_is_there(here: Desk) -> None:
    here.request("gateway", "vpn.example.net", key="gw")
    before = (here.folder / "gw.key").read_bytes()
    assert (here.folder / "gw.key").stat().st_mode & 0o777 == 0o600
    here.request("gateway", "vpn.example.net", "vpn2.example.net", key="gw")
    assert (here.folder / "gw.key").read_bytes() == before


def test_a_key_on_its_host_can_be_kept_under_a_passphrase(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    given = [
        "gateway",
        "--identity",
        "vpn.example.net",
        "--key",
        str(here.folder / "k"),
        "--out",
        str(here.folder / "r"),
    ]
    secret = ["--encrypt-key", "--key-passphrase-file", str(here.folder / "other")]
    assert here.run("csr", *given, *secret) == 0
    assert b"ENCRYPTED" in (here.folder / "k").read_bytes()
    assert here.run("csr", *given, *secret) == 0
    assert here.run("csr", *given) == 77
    said(capfd, "is encrypted, but no passphrase was given")


def test_certificate_and_request_pass_through_pipes(here: Desk) -> None:
    """As a playbook does it: the request comes in, the certificate goes out, words go to standard error."""
    (here.folder / "gw.csr").write_bytes(here.request("gateway", "vpn.example.net").read_bytes())
    command = [str(ROOT / "scripts/pki"), "sign", "gateway", "gw-a", "--identity", "vpn.example.net", "--csr", "-"]
    command += ["--passphrase-fd", "3", "--state", str(here.state)]
    with (here.folder / "gw.csr").open("rb") as request, (here.folder / "secret").open("rb") as secret:
        done = subprocess.run(
            ["bash", "-c", f'exec "$@" 3<&{secret.fileno()}', "-", *command],
            stdin=request, capture_output=True, pass_fds=[secret.fileno()], check=True,
        )  # fmt: skip
    assert done.stdout.startswith(b"-----BEGIN CERTIFICATE-----")
    assert b"'gw-a' is issued" in done.stderr
    assert done.stdout == here.store.read(f"certs/{here.index.entries[0].serial}.pem")


@pytest.mark.parametrize("profile", ["gateway", "staff", "portal"])
def test_a_key_is_made_here_only_when_that_is_said(here: Desk, profile: str, capfd: pytest.CaptureFixture[str]) -> None:
    identity = "mara@example.net" if profile == "staff" else "host.example.net"
    out = here.folder / "out.p12"
    given = ["issue", profile, "x", "--identity", identity, "--key-passphrase-file", str(here.folder / "other")]
    assert here.run(*given, "--out", out) == 64
    said(capfd, "only made here when that is meant")
    assert here.run(*given, "--make-key") == 64
    said(capfd, "not written to a terminal")
    assert here.run(*given, "--make-key", "--out", out) == 0
    before = out.read_bytes()
    assert here.run(*given, "--make-key", "--out", out) == 65
    said(capfd, "There is such a file already")
    assert out.read_bytes() == before


def test_a_customer_s_key_is_never_made_here(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    given = ("--identity", "vpn.customer.example", "--make-key", "--out", here.folder / "c.p12")
    assert here.run("issue", "customer", "c", *given) == 65
    said(capfd, "never made here.*Ask the customer for a request")


def test_a_request_with_another_fingerprint_than_told_by_phone_is_refused(
    here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    request = here.request("customer", "vpn.customer.example")
    right = said(capfd, "by phone: [0-9a-f]{64}").strip()[-64:]
    given = (
        "sign",
        "customer",
        "c",
        "--csr",
        request,
        "--identity",
        "vpn.customer.example",
        "--out",
        here.folder / "c",
    )
    assert here.run(*given, "--key-sha256", "0" * 64) == 65
    said(capfd, "not the one expected.*speak to the sender")
    spelled = ":".join(right[i : i + 2] for i in range(0, 64, 2)).upper()
    assert here.run(*given, "--key-sha256", spelled) == 0


def test_who_sends_a_key_along_is_told_to_throw_it_away(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    request = here.request("customer", "vpn.customer.example", key="c")
    request.write_bytes(request.read_bytes() + (here.folder / "c.key").read_bytes())
    given = ("--csr", request, "--identity", "vpn.customer.example", "--out", here.folder / "c.crt")
    assert here.run("sign", "customer", "c", *given) == 65
    said(capfd, "holds a private key.*must be thrown away")


def test_another_passphrase_opens_the_authority_and_the_old_one_does_not(
    here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    assert here.run("passphrase", "--new-passphrase-file", here.folder / "other") == 0
    before = here.untouched()
    assert here.run("crl") == 77
    said(capfd, "The passphrase does not open the key.*ca.key")
    assert here.untouched() == before
    assert here.run("crl", "--passphrase-file", here.folder / "other") == 0


@pytest.mark.parametrize(
    ("prepare", "code", "says"),
    [
        (lambda s: s.chmod(0o750), 78, "Others on this machine can look into the state.*chmod 700"),
        (lambda s: (s / "ca.key").chmod(0o640), 78, "Others on this machine.*chmod 600"),
        (lambda s: (s / "index.json").write_text("{"), 78, "register of certificates is damaged.*backup"),
        (lambda s: (s / "index.json").unlink(), 78, "cannot be read: No such file.*index.json.*backup"),
        (lambda s: (s / "ca.crt").write_text("x"), 78, "A file of the state is damaged.*ca.crt"),
        (lambda s: (s / "ca.json").unlink(), 78, "There is no authority here.*pki init.*pki restore"),
    ],
)
def test_a_state_that_is_open_or_damaged_is_not_worked_with(
    here: Desk, prepare: object, code: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    prepare(here.state)  # type: ignore[operator]
    assert here.run("crl") == code
    said(capfd, says)


def test_what_does_not_hang_together_is_found(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    here.sign("staff", "mara", "mara@example.net")
    here.sign("staff", "otto", "otto@example.net")
    mara, otto = (here.store.certificate_path(entry.serial) for entry in here.index.entries)
    shutil.copyfile(otto, mara)
    otto.unlink()
    assert here.run("check") == 78
    said(capfd, "not the one of the register. .mara.*missing or damaged. .otto")


@pytest.mark.parametrize("place", ["state/ca.crt", "mara.key", "notes.txt"])
def test_only_certificates_requests_and_lists_are_replaced(
    here: Desk, place: str, capfd: pytest.CaptureFixture[str]
) -> None:
    request = here.request("staff", "mara@example.net", key="mara")
    (here.folder / "notes.txt").write_text("mine")
    before, kept = here.untouched(), (here.folder / place).read_bytes()
    given = ("--csr", request, "--identity", "mara@example.net", "--out", here.folder / place)
    assert here.run("sign", "staff", "mara", *given) == 65
    said(capfd, "inside the state|none of these")
    assert (here.untouched(), (here.folder / place).read_bytes()) == (before, kept)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_says_what_a_command_takes_and_what_its_exit_codes_mean(
    command: str, here: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    assert here.run(command, "--help") == 0
    text = capfd.readouterr().out
    assert text.startswith(f"usage: pki {command}")
    assert "exit codes: 0 done" in text


def test_the_command_runs_from_anywhere_and_lists_what_it_can_do(tmp_path: Path) -> None:
    done = subprocess.run([ROOT / "scripts/pki", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [command for command in COMMANDS if not re.search(rf"^ +{command}\s", done.stdout, flags=re.M)] == []


def test_no_passphrase_can_be_given_where_others_see_it(here: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    assert here.run("crl", "--passphrase", OTHER) == 64
    (here.folder / "secret").chmod(0o644)
    assert here.run("crl") == 77
    said(capfd, "Others can read the passphrase.*chmod 600")
    environment = os.environ | {"PASSPHRASE": OTHER, "PKI_PASSPHRASE": OTHER}
    command = ["setsid", "--wait", str(ROOT / "scripts/pki"), "crl", "--state", str(here.state)]
    nothing = subprocess.DEVNULL
    done = subprocess.run(command, env=environment, stdin=nothing, capture_output=True, text=True, check=False)
    assert (done.returncode, "nobody to ask" in done.stderr) == (77, True)
