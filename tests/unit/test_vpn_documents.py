"""What is made from a site file for people and their devices, and what a VPN host's files must and must not hold."""

from __future__ import annotations

import json
import plistlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from strongswan.render import host, page, sheet, staff
from strongswan.render.problems import RefusedError
from tests.support.tools import tool
from tests.support.vpn.certificates import Authority
from tests.support.vpn.houses import example

ANNA = "anna@provider.example"


def section(text: str, name: str) -> str:
    """The part of a swanctl.conf that begins with `name {` up to the bracket that closes it."""
    begun = re.search(rf"^( *){re.escape(name)} \{{\n", text, re.M)
    assert begun, name
    return text[begun.start() : text.index(f"\n{begun[1]}}}", begun.end())]


def test_a_site_we_initiate_is_started_again_and_never_given_up() -> None:
    site = section(host.files(example())["swanctl.conf"], "site-example-a")
    for line in ("start_action = start", "close_action = none", "dpd_action = restart", "keyingtries = 0"):
        assert line in site


def test_at_most_one_end_answers_a_closed_tunnel_with_a_new_one() -> None:
    house = example()
    for initiates, theirs in (("both", "none"), ("us", "none"), ("them", "start")):
        site = house.sites[0].model_copy(update={"initiates": initiates})
        files = host.files(type(house)(house.gateway, (site,), house.profiles))
        assert "close_action = none" in section(files["swanctl.conf"], "site-example-a")
        assert f"close_action = {theirs}" in sheet.peer(house, site)


def test_a_site_that_only_the_customer_initiates_is_left_to_them() -> None:
    house = example()
    site = house.sites[0].model_copy(update={"initiates": "them"})
    files = host.files(type(house)(house.gateway, (site,), house.profiles))
    assert "start_action = none" in section(files["swanctl.conf"], "site-example-a")
    assert json.loads(files["watchdog.json"])["tunnels"][0]["initiate"] is False
    assert "start_action = start" in sheet.peer(house, site)


def test_every_end_that_shows_a_certificate_is_held_to_one_authority_and_to_its_revocation_list() -> None:
    text = host.files(example())["swanctl.conf"]
    for name, authority in (
        ("site-example-a", "example-a-ca.pem"),
        ("staff-pubkey", "staff-ca.pem"),
        ("staff-eap-tls", "staff-ca.pem"),
    ):
        remote = section(section(text, name), "remote")
        assert f"cacerts = {authority}" in remote
        assert "revocation = strict" in remote


def test_a_revocation_list_on_the_web_is_told_to_charon() -> None:
    house = example()
    proof = house.sites[0].authentication.model_copy(update={"crl": "http://pki.customer-a.example/ca.crl"})
    site = house.sites[0].model_copy(update={"authentication": proof})
    text = host.files(type(house)(house.gateway, (site,), house.profiles))["swanctl.conf"]
    assert "crl_uris = http://pki.customer-a.example/ca.crl" in section(text, "authorities")


@pytest.mark.parametrize("secret", ["simple-and-long-enough", 'with "quotes" and } brackets', "ümlaut\n and a line"])
def test_a_pre_shared_key_of_any_characters_stays_one_value(secret: str) -> None:
    house = example()
    text = host.psk(house, house.sites[1], secret)
    assert secret not in text
    assert len(re.findall(r"^ +secret = 0s[A-Za-z0-9+/=]+$", text, re.M)) == 1


def test_what_a_vpn_host_runs_holds_no_secret_and_no_default_that_takes_minutes() -> None:
    files = host.files(example())
    assert "include secrets/*.conf" in files["swanctl.conf"]
    assert "secret =" not in "".join(files.values())
    assert "retransmit_tries = 3" in files["strongswan.conf"]
    assert "dpd_delay = 5s" in files["swanctl.conf"]


def test_esp_in_user_space_is_loaded_before_the_kernels_and_not_at_all_on_production_hosts() -> None:
    user, kernel = (host.files(example(esp))["strongswan.conf"] for esp in ("user-space", "kernel"))
    assert "kernel-libipsec kernel-netlink" in user
    assert "load" in kernel
    assert re.search(r"^ +load = .*kernel-libipsec", kernel, re.M) is None
    for name in ("charon-systemd {", "charon {"):
        assert name in kernel


def test_the_rules_differ_only_in_how_they_know_a_tunnel() -> None:
    user, kernel = (host.files(example(esp))["nftables.conf"] for esp in ("user-space", "kernel"))
    assert "ipsec0" in user
    assert "ipsec0" not in kernel
    assert "rt ipsec missing ip daddr @tunnelled goto refuse_clear" in kernel
    assert user.count("counter accept") == kernel.count("counter accept")


def test_the_sheet_tells_the_customer_what_to_configure_and_tells_no_secret() -> None:
    house = example()
    text = sheet.sheet(house, house.site("example-a"))
    for fact in (
        "203.0.113.10",
        "`vpn.customer-a.example`",
        "**10.99.1.5**",
        "both ends",
        "open TCP 443 of 10.20.30.40",
    ):
        assert fact in text, fact
    for words in (
        "`encryption aes-gcm-256`<br>`prf sha384`<br>`group 20`",
        "`encryption-algorithm aes-256-gcm`",
        "`set proposal aes256gcm-prfsha384`<br>`set dhgrp 20`",
        "`aes256gcm16-prfsha384-ecp384`",
    ):
        assert words in text, words
    assert "static NAT" in text
    assert "| you | 10.20.30.40/31 | 10.99.1.5 | tcp 443 |" in text


def test_the_sheet_of_a_customer_in_the_cloud_names_the_address_to_allow_and_the_proxy() -> None:
    house = example()
    text = sheet.sheet(house, house.site("example-b"))
    assert "over the internet, from 203.0.113.20: please allow that address" in text
    assert "your proxy http://proxy.customer-b.example:3128" in text
    assert "vpn/example-b/psk" not in text


def test_every_row_of_the_sheet_has_a_word_for_every_vendor() -> None:
    house = example()
    for site in house.sites:
        rows = list(sheet.rows(house, site))
        assert [row for row in rows if len(row) != 5 or not all(row)] == []


def test_the_profile_for_apple_is_a_property_list_that_pins_the_gateway_and_the_algorithms() -> None:
    authority, people = Authority("Test provider"), Authority("Test staff")
    holder = people.issue(ANNA)
    identity = pkcs12.serialize_key_and_certificates(
        b"anna",
        serialization.load_pem_private_key(holder.key, None),  # type: ignore[arg-type]
        x509.load_pem_x509_certificate(holder.certificate),
        None,
        serialization.BestAvailableEncryption(b"pass"),
    )
    made = staff.apple(example(), ANNA, authority.certificate, identity, "pass")
    profile = plistlib.loads(made)
    root, keys, vpn = profile["PayloadContent"]
    ike = vpn["IKEv2"]
    assert ike["PayloadCertificateUUID"] == keys["PayloadUUID"]
    assert (ike["RemoteIdentifier"], ike["LocalIdentifier"]) == ("vpn.provider.example", ANNA)
    assert ike["ServerCertificateIssuerCommonName"] == "Test provider"
    assert ike["CertificateType"] == "ECDSA384"
    assert ike["IKESecurityAssociationParameters"] == {
        "EncryptionAlgorithm": "AES-256-GCM",
        "IntegrityAlgorithm": "SHA2-384",
        "DiffieHellmanGroup": 20,
        "LifeTimeInMinutes": 240,
    }
    assert len({part["PayloadUUID"] for part in (profile, root, keys, vpn)}) == 4
    assert staff.apple(example(), ANNA, authority.certificate, identity, "pass") == made, "it replaces itself"
    with pytest.raises(ValueError):
        staff.apple(example(), ANNA, authority.certificate, identity, "wrong")


def test_the_profile_for_windows_replaces_its_weak_defaults_and_routes_the_portal_alone() -> None:
    text = staff.windows(example())
    for words in (
        "-EncryptionMethod GCMAES256",
        "-IntegrityCheckMethod SHA384",
        "-DHGroup ECP384",
        "-PfsGroup ECP384",
        "-SplitTunneling",
        "-DestinationPrefix '10.40.10.10/32'",
        "-ServerAddress 'vpn.provider.example'",
    ):
        assert words in text, words
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("person", ["", "anna", "anna@provider.example\n}", "a b@provider.example"])
def test_a_name_that_is_no_mail_address_gets_no_profile(person: str) -> None:
    with pytest.raises(RefusedError, match="no mail address"):
        staff.linux(example(), person)


def test_the_watchdogs_unit_can_do_nothing_but_speak_with_charon() -> None:
    text = host.units("/opt/venv/bin/python")["vpn-watchdog.service"]
    for line in ("NoNewPrivileges=yes", "CapabilityBoundingSet=\n", "ProtectSystem=strict", "PrivateNetwork=yes"):
        assert line in text


def test_the_watchdogs_unit_is_as_closed_as_was_promised(tmp_path: Path) -> None:
    path = tmp_path / "vpn-watchdog.service"
    path.write_text(host.units(sys.executable)["vpn-watchdog.service"])
    command = [tool("systemd-analyze", package="systemd"), "security", "--offline=true", "--threshold=25", str(path)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[-2000:] + judged.stderr


def test_the_page_and_the_schema_are_what_the_description_generates() -> None:
    assert page.PAGE.read_text() == page.page(), ".venv/bin/python -m strongswan.render.page"
    assert page.SCHEMA.read_text() == page.schema(), ".venv/bin/python -m strongswan.render.page"
