"""The portal's key and certificate are compared before either replaces what is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.private_etc import ROOT, PrivateEtc, made
from tests.support.vpn.certificates import Authority

pytestmark = pytest.mark.slow

SERVED = {"portal.key": "the key of before", "portal.crt": "the certificate of before"}


@pytest.fixture
def host(tmp_path: Path) -> PrivateEtc:
    result = made(tmp_path)
    (result.etc / "proforma/tls").mkdir(parents=True)
    for name, text in SERVED.items():
        (result.etc / "proforma/tls" / name).write_text(text)
    return result


def refused(host: PrivateEtc, certificate: bytes, key: bytes) -> str:
    """What is said; and nothing was replaced."""
    path = host.folder / "portal.crt"
    path.write_bytes(certificate)
    code, said = host.tasks("portal", "certificate", portal_certificate=str(path), portal_key=key.decode())
    assert code != 0
    assert {name: (host.etc / "proforma/tls" / name).read_text() for name in SERVED} == SERVED
    assert "PRIVATE KEY" not in said
    return said


def test_a_key_that_is_not_the_certificates_replaces_nothing(host: PrivateEtc) -> None:
    authority = Authority("An authority")
    portal, other = authority.issue("portal.provider.example"), authority.issue("portal.provider.example")
    said = refused(host, portal.certificate, other.key)
    assert "portal_key is not the key of the certificate in" in said
    assert "Nothing was changed" in said


def test_what_is_no_key_or_no_certificate_replaces_nothing(host: PrivateEtc) -> None:
    portal = Authority("An authority").issue("portal.provider.example")
    assert "portal_key" in refused(host, portal.certificate, b"no key")
    assert "portal.crt" in refused(host, b"no certificate", portal.key)


def test_a_pair_that_fits_is_placed(host: PrivateEtc) -> None:
    portal = Authority("An authority").issue("portal.provider.example")
    path = host.folder / "portal.crt"
    path.write_bytes(portal.certificate)
    play = host.folder / "play.json"
    tasks = [{"ansible.builtin.include_tasks": f"{ROOT}/ansible/roles/portal/tasks/certificate.yml"}]
    nobody = [{"name": "Nginx is restarted", "ansible.builtin.debug": {"msg": "restarted"}}]
    play.write_text(json.dumps([{"hosts": "here", "gather_facts": False, "tasks": tasks, "handlers": nobody}]))
    code, said = host.played(play, {"portal_certificate": str(path), "portal_key": portal.key.decode().rstrip("\n")})
    assert code == 0, said
    assert (host.etc / "proforma/tls/portal.crt").read_bytes() == portal.certificate
    assert (host.etc / "proforma/tls/portal.key").read_text() == portal.key.decode().rstrip("\n")
