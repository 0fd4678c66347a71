"""rotate_certificates.yml refuses what a VPN host could not use, for every host before anything is copied to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.private_etc import ROOT, PrivateEtc, made
from tests.support.vpn.certificates import Authority

pytestmark = pytest.mark.slow

PLAYBOOK = ROOT / "ansible/playbooks/rotate_certificates.yml"
HOSTS = ("vpn-a", "vpn-b")
IDENTITY = "vpn.provider.example"


@pytest.fixture
def authority() -> Authority:
    return Authority("Gateways")


@pytest.fixture
def host(tmp_path: Path, authority: Authority) -> PrivateEtc:
    """With an authority, its list, certificate and key; and a swanctl that does nothing."""
    result = made(tmp_path)
    swanctl = result.programs / "swanctl"
    swanctl.write_text("#!/bin/sh\n")
    swanctl.chmod(0o755)
    gateway = authority.issue(IDENTITY)
    authority.revoked.append(1)
    held = {"x509ca/gateways.pem": authority.certificate, "x509crl/gateways.pem": authority.revocation_list()}
    held |= {"x509/gateway.pem": gateway.certificate, "private/gateway.pem": gateway.key}
    lay(result.etc / "swanctl", held)
    return result


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def contents(host: PrivateEtc) -> dict[str, bytes]:
    """Of swanctl's folders."""
    home = host.etc / "swanctl"
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*.pem")}


def rotated(host: PrivateEtc, files: dict[str, bytes]) -> tuple[int, str]:
    folder = lay(host.folder / "new", files)
    return host.played(PLAYBOOK, {"rotate_from": str(folder)}, "vpn", HOSTS)


def test_a_good_rotation_is_copied(host: PrivateEtc, authority: Authority) -> None:
    authority.revoked.append(2)
    newer, renewed = authority.revocation_list(), authority.issue(IDENTITY)
    pair = {"x509/gateway.pem": renewed.certificate, "private/gateway.pem": renewed.key}
    new = {f"{name}/{file}": content for name in HOSTS for file, content in pair.items()}
    code, said = rotated(host, {"crl/gateways.pem": newer, **new})
    assert code == 0, said
    assert {name: contents(host)[name] for name in pair} == pair
    assert contents(host)["x509crl/gateways.pem"] == newer


def test_what_fits_one_host_and_not_the_other_is_copied_to_neither(host: PrivateEtc, authority: Authority) -> None:
    before, good, other = contents(host), authority.issue(IDENTITY), authority.issue(IDENTITY)
    new = {"vpn-a/x509/gateway.pem": good.certificate, "vpn-a/private/gateway.pem": good.key}
    new |= {"vpn-b/x509/gateway.pem": good.certificate, "vpn-b/private/gateway.pem": other.key}
    code, said = rotated(host, new)
    assert (code != 0, contents(host) == before) == (True, True), said
    assert "new/vpn-b/x509/gateway.pem:1: It does not belong to the key private/gateway.pem." in said
    assert "new/vpn-a" not in said
    assert "PRIVATE KEY" not in said


def test_an_older_list_never_lets_somebody_in_again(host: PrivateEtc, authority: Authority) -> None:
    before = contents(host)
    authority.revoked.clear()
    code, said = rotated(host, {"crl/gateways.pem": authority.revocation_list()})
    assert (code != 0, contents(host) == before) == (True, True), said
    assert "older (number 1) than x509crl/gateways.pem on the host (number 2)" in said
