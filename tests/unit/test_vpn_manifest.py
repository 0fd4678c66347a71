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

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "ansible/roles/strongswan_gateway/library/host_files.py"
HANDLERS = ROOT / "ansible/roles/strongswan_gateway/handlers/main.yml"


def given(**more: Any) -> dict[str, Any]:
    gateway = yaml.safe_load((ROOT / "strongswan/gateway.example.yml").read_text())
    keys = {"example-b": "k" * 40}
    plain = dict.fromkeys(("trust", "heartbeat_key", "certificate", "key"), "")
    return {"gateway": gateway, "sites": str(ROOT / "strongswan/sites"), "preshared_keys": keys} | plain | more


def asked(values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strongswan.render", "manifest"]
    return subprocess.run(command, cwd=ROOT, input=json.dumps(values), capture_output=True, text=True, check=False)


def listed(**more: Any) -> dict[str, Any]:
    done = asked(given(**more))
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


@pytest.fixture
def host_files() -> ModuleType:
    specification = importlib.util.spec_from_file_location("host_files", MODULE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def file(path: Path, text: str, check: str = "", mode: str = "0600") -> dict[str, Any]:
    encoded = base64.b64encode(text.encode()).decode()
    return {"path": str(path), "mode": mode, "tells": [path.name], "check": check, "content": encoded}


def test_every_file_has_one_place_and_keys_are_among_the_secrets() -> None:
    made = listed(key="KEY", certificate="CERTIFICATE")
    paths = [one["path"] for one in made["files"] + made["secrets"]]
    assert len(paths) == len(set(paths))
    assert [one["path"] for one in made["secrets"]] == [
        "/etc/swanctl/secrets/example-b.conf",
        "/etc/swanctl/private/gateway.pem",
    ]
    assert {one["mode"] for one in made["secrets"]} == {"0600"}
    assert "/opt/proforma-vpn/lib/strongswan/pair/machine.py" in paths
    assert "/opt/proforma-vpn/lib/lambdas/vpn_failover/decide.py" in paths


def test_rules_are_no_file_that_is_simply_put_there() -> None:
    made = listed()
    assert made["rules"]["path"] == "/etc/proforma-vpn/nftables.conf"
    assert made["rules"]["path"] not in [one["path"] for one in made["files"]]
    assert b"tcp dport 22" in base64.b64decode(made["rules"]["content"])


def test_every_word_of_the_list_has_a_handler() -> None:
    heard: set[str] = set()
    for handler in yaml.safe_load(HANDLERS.read_text()):
        heard |= {handler["listen"]} if isinstance(handler["listen"], str) else set(handler["listen"])
    gateway = given()["gateway"]
    gateway["management"]["peer"] = "10.40.0.12"
    gateway["pair"] = {"name": "a", "preferred": True, "private_service_address": "10.40.0.10"}
    made = listed(gateway=gateway, heartbeat_key="h" * 40, key="K", certificate="C")
    told = {word for one in made["files"] + made["secrets"] + made["whole"] for word in one["tells"]}
    assert told | {"trust"} == heard


def test_a_refused_site_gives_no_list_and_says_where() -> None:
    done = asked(given(preshared_keys={}))
    assert (done.returncode, done.stdout) == (65, "")
    assert "example-b.yml:" in done.stderr


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
