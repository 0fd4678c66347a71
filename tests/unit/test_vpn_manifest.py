"""What the role puts onto a VPN host: one list, taken whole or not at all."""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.support.vpn.certificates import Authority

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "ansible/roles/strongswan_gateway/library"
HANDLERS = ROOT / "ansible/roles/strongswan_gateway/handlers/main.yml"


def given(**more: Any) -> dict[str, Any]:
    gateway = yaml.safe_load((ROOT / "strongswan/gateway.example.yml").read_text())
    keys = {"example-b": "k" * 40}
    plain: dict[str, Any] = {**dict.fromkeys(("trust", "heartbeat_key", "certificate", "key"), ""), "held": {}}
    return {"gateway": gateway, "sites": str(ROOT / "strongswan/sites"), "preshared_keys": keys} | plain | more


def trusted(folder: Path, *authorities: Authority) -> str:
    """A folder strongswan_gateway_trust, with what the example's files name."""
    for part in ("x509ca", "x509crl"):
        (folder / part).mkdir(parents=True)
    for name, authority in zip(("staff-ca", "example-a-ca", "provider-ca"), authorities, strict=True):
        (folder / f"x509ca/{name}.pem").write_bytes(authority.certificate)
        (folder / f"x509crl/{name}.pem").write_bytes(authority.revocation_list())
    return str(folder)


@pytest.fixture(scope="module")
def house() -> tuple[Authority, Authority, Authority]:
    return Authority("Staff"), Authority("Customer A"), Authority("Gateways")


@pytest.fixture(scope="module")
def own(house: tuple[Authority, ...]) -> dict[str, str]:
    """Certificate and key of the gateway, as the role reads them."""
    holder = house[-1].issue("vpn.provider.example")
    return {"certificate": holder.certificate.decode().rstrip("\n"), "key": holder.key.decode().rstrip("\n")}


def asked(values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strongswan.render", "manifest"]
    return subprocess.run(command, cwd=ROOT, input=json.dumps(values), capture_output=True, text=True, check=False)


def listed(**more: Any) -> dict[str, Any]:
    done = asked(given(**more))
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def module(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, LIBRARY / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def host_files() -> ModuleType:
    return module("host_files")


@pytest.fixture
def swanctl_held() -> ModuleType:
    return module("swanctl_held")


def file(path: Path, text: str, check: str = "", mode: str = "0600") -> dict[str, Any]:
    encoded = base64.b64encode(text.encode()).decode()
    return {"path": str(path), "mode": mode, "tells": [path.name], "check": check, "content": encoded}


def test_every_file_has_one_place_and_keys_are_among_the_secrets(
    tmp_path: Path, house: tuple[Authority, ...], own: dict[str, str]
) -> None:
    made = listed(trust=trusted(tmp_path, *house), **own)
    paths = [one["path"] for one in made["files"] + made["secrets"]]
    assert len(paths) == len(set(paths))
    assert [one["path"] for one in made["secrets"]] == [
        "/etc/swanctl/secrets/example-b.conf",
        "/etc/swanctl/private/gateway.pem",
    ]
    assert {one["mode"] for one in made["secrets"]} == {"0600"}
    assert {"/etc/swanctl/x509/gateway.pem", "/etc/swanctl/x509ca/staff-ca.pem"} < set(paths)
    assert {folder["path"] for folder in made["whole"]} >= {"/etc/swanctl/x509ca", "/etc/swanctl/x509crl"}
    assert "/opt/proforma-vpn/lib/strongswan/pair/machine.py" in paths
    assert "/opt/proforma-vpn/lib/lambdas/vpn_failover/decide.py" in paths


def test_rules_are_no_file_that_is_simply_put_there() -> None:
    made = listed()
    assert made["rules"]["path"] == "/etc/proforma-vpn/nftables.conf"
    assert made["rules"]["path"] not in [one["path"] for one in made["files"]]
    assert b"tcp dport 22" in base64.b64decode(made["rules"]["content"])


def test_every_word_of_the_list_has_a_handler(
    tmp_path: Path, house: tuple[Authority, ...], own: dict[str, str]
) -> None:
    heard: set[str] = set()
    for handler in yaml.safe_load(HANDLERS.read_text()):
        heard |= {handler["listen"]} if isinstance(handler["listen"], str) else set(handler["listen"])
    gateway = given()["gateway"]
    gateway["management"]["peer"] = "10.40.0.12"
    gateway["pair"] = {"name": "a", "preferred": True, "private_service_address": "10.40.0.10"}
    made = listed(gateway=gateway, heartbeat_key="h" * 40, trust=trusted(tmp_path, *house), **own)
    told = {word for one in made["files"] + made["secrets"] + made["whole"] for word in one["tells"]}
    assert told == heard


def test_a_refused_site_gives_no_list_and_says_where() -> None:
    done = asked(given(preshared_keys={}))
    assert (done.returncode, done.stdout) == (65, "")
    assert "example-b.yml:" in done.stderr


def test_the_controllers_older_list_does_not_write_over_the_hosts_newer_one(
    tmp_path: Path, house: tuple[Authority, ...], swanctl_held: ModuleType
) -> None:
    """Somebody left: the hosts have the new list, the folder on the controller has that of before."""
    trust = trusted(tmp_path / "trust", *house)
    staff = Authority("Staff", key=house[0].key, revoked=[7])
    for folder in ("x509ca", "x509crl"):
        (tmp_path / "swanctl" / folder).mkdir(parents=True)
    (tmp_path / "swanctl/x509crl/staff-ca.pem").write_bytes(staff.revocation_list())
    done = asked(given(trust=trust, held=swanctl_held.held(tmp_path / "swanctl")))
    assert (done.returncode, done.stdout) == (65, "")
    assert f"{trust}/x509crl/staff-ca.pem:1: It is older (number 1) than x509crl/staff-ca.pem" in done.stderr


def test_a_host_tells_the_public_halves_of_its_keys_and_no_more(
    tmp_path: Path, own: dict[str, str], swanctl_held: ModuleType
) -> None:
    for folder, text in {"x509": own["certificate"], "private": own["key"]}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gateway.pem").write_text(text)
    (tmp_path / "private/other.pem").write_text("no key")
    told = swanctl_held.held(tmp_path)
    assert told["x509"] == {"gateway.pem": base64.b64encode(own["certificate"].encode()).decode()}
    assert base64.b64decode(told["private"]["gateway.pem"]).startswith(b"-----BEGIN PUBLIC KEY-----")
    assert (list(told["private"]), told["x509ca"]) == (["gateway.pem"], {})


def test_a_second_time_changes_nothing(host_files: ModuleType, tmp_path: Path) -> None:
    files = [file(tmp_path / "deep/a", "one"), file(tmp_path / "b", "two", mode="0644")]
    assert host_files.place(files, [], dry=False)["tells"] == ["a", "b"]
    assert host_files.place(files, [], dry=False) == {"written": [], "removed": [], "tells": []}
    (tmp_path / "b").chmod(0o666)
    assert host_files.place(files, [], dry=False)["written"] == [str(tmp_path / "b")]
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o644


def test_one_file_that_is_refused_keeps_all_others_back(host_files: ModuleType, tmp_path: Path) -> None:
    files = [file(tmp_path / "a", "one"), file(tmp_path / "b", "two", check="grep -q three %s")]
    assert host_files.place(files, [], dry=False) == {"refused": [f"{tmp_path / 'b'}: "]}
    assert not list(tmp_path.iterdir())


def test_of_a_whole_folder_what_was_not_given_goes(host_files: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "left.conf").touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/a.pyc").touch()
    whole = [{"path": str(tmp_path), "tells": ["credentials"]}]
    planned = host_files.place([file(tmp_path / "stays.conf", "x")], whole, dry=True)
    assert planned["removed"] == [str(tmp_path / "left.conf")]
    assert (tmp_path / "left.conf").exists()
    done = host_files.place([file(tmp_path / "stays.conf", "x")], whole, dry=False)
    assert done["tells"] == ["credentials", "stays.conf"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["__pycache__", "stays.conf"]


def test_who_was_not_told_in_a_run_that_ended_half_way_is_told_by_the_next(
    host_files: ModuleType, tmp_path: Path
) -> None:
    untold, files = tmp_path / "state/untold", [file(tmp_path / "a", "one"), file(tmp_path / "b", "two")]
    assert host_files.place(files, [], dry=True, untold=str(untold))["tells"] == ["a", "b"]
    assert not untold.exists()
    host_files.place(files, [], dry=False, untold=str(untold))
    files[1] = file(tmp_path / "b", "three")
    assert host_files.place(files, [], dry=False, untold=str(untold))["tells"] == ["a", "b"]
    again = host_files.place(files, [], dry=False, untold=str(untold))
    assert (again["written"], again["tells"]) == ([], ["a", "b"])
    untold.unlink()  # as the role does when all have heard
    assert host_files.place(files, [], dry=False, untold=str(untold))["tells"] == []
