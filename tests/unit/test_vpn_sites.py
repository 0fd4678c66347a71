"""Site files: what is refused, with file, line and remedy; and that the examples of the repository may be used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongswan.render.__main__ import main
from strongswan.render.algorithms import PROFILES, faults
from strongswan.render.house import House, load
from strongswan.render.problems import RefusedError
from strongswan.render.site import Site
from tests.support.vpn.houses import GATEWAY, SITES

A, B = SITES / "example-a.yml", SITES / "example-b.yml"
# customer A's file, changed in one place: what is replaced, by what, the line that is named, and what is said
REFUSED = {
    "overlaps our network": ("[10.20.30.0/24]", "[10.40.10.0/24]", "theirs:", "overlaps our own network 10.40.0.0/16"),
    "overlaps the pool": ("[10.20.30.0/24]", "[10.60.0.0/16]", "theirs:", "overlaps the staff's address pool"),
    "overlaps another site": ("[10.20.30.0/24]", "[10.30.0.128/25]", "theirs:", "overlaps 10.30.0.0/24 of example-b"),
    "overlaps itself": ("[10.20.30.0/24]", "[10.20.30.0/24, 10.20.0.0/16]", "theirs:", "overlaps 10.20.30.0/24"),
    "the whole internet": ("[10.20.30.0/24]", "[0.0.0.0/0]", "theirs:", "cannot be a customer's network"),
    "its own gateway inside": ("[10.20.30.0/24]", "[198.51.100.0/24]", "theirs:", "their gateway's own address"),
    "host bits": (
        "[10.20.30.0/24]",
        "[10.20.30.5/24]",
        "theirs:",
        "write 10.20.30.0/24, or name the one",
    ),
    "no network at all": ("[10.20.30.0/24]", "[]", "theirs:", "at least 1 item"),
    "unknown profile": ("profile: modern", "profile: modrn", "profile:", "There is no profile `modrn`. Take one of"),
    "no profile": ("profile: modern\n", "", "customer:", "Either `profile` or `algorithms`"),
    "unknown key": ("initiates: both", "initiate: both", "initiate:", "`initiate` is no key that is known here"),
    "unknown key inside": ("crl: local", "clr: local", "clr:", "`authentication.clr` is no key"),
    "key given twice": ("initiates: both", "initiates: both\ninitiates: us", "initiates: us", "is given twice"),
    "unknown word": ("initiates: both", "initiates: everybody", "initiates:", "not `everybody`"),
    "no certificate": ("  ca: example-a-ca.pem\n", "", "authentication:", "`ca` is missing for method `certificate`"),
    "no revocation list": ("  crl: local\n", "", "authentication:", "without a list no tunnel comes up"),
    "the staff's authority": ("example-a-ca.pem", "staff-ca.pem", "ca:", "could sign in as one of them"),
    "a path for a file": ("example-a-ca.pem", "../ca.pem", "ca:", "is no name of a PEM file"),
    "psk without reference": ("method: certificate", "method: psk", "authentication:", "`secret` is missing"),
    "a secret in the file": ("crl: local", "crl: local\n  secret: hunter2", "secret:", "never the secret"),
    "identity with capitals": ("identity: vpn.", "identity: VPN.", "identity:", "is no host name in lower case"),
    "identity taken": ("vpn.customer-a.example", "gw1.customer-b.example", "identity:", "identity of example-b"),
    "nobody to call": ("address: 198.51.100.10", "address: any", "address:", "or `initiates: them`"),
    "another name": ("customer: example-a", "customer: other", "customer:", "is not the name of the file"),
    "assigned address of ours": ("10.99.1.5", "10.40.3.5", "source_nat:", "lies in our own networks"),
    "assigned address of theirs": ("10.99.1.5", "10.20.30.99", "source_nat:", "the customer's own networks"),
    "assigned address elsewhere": ("10.99.1.5", "10.30.0.5", "source_nat:", "lies in a network of example-b"),
    "two truths": ("ours: [10.99.1.5/32]", "ours: [10.40.10.0/24]", "ours:", "Write `ours: [10.99.1.5/32]`"),
    "a rule past the tunnel": (
        "theirs: 10.20.30.53/32",
        "theirs: 10.20.31.53/32",
        "theirs: 10.20.31.53",
        "is not behind",
    ),
    "a rule for everything": ("theirs: 10.20.30.40/31", "theirs: 10.20.0.0/16", "theirs: 10.20.0.0", "is too wide"),
    "a rule without ports": ("    ports: [44300]\n", "", "proformas, delivered", "does not fit protocol tcp"),
    "a port too high": ("[44300]", "[443000]", "ports: [443000]", "not `443000`"),
    "an unknown host": ("ours: intake", "ours: intakes", "ours: intakes", "No hosts of ours are called `intakes`"),
    "two hosts behind a port": ("ours: intake", "ours: worker", "ours: worker", "a port leads to one host"),
    "an endpoint nobody reaches": ("[44300]", "[44301]", "address: 10.20.30.41", "Nothing lets a worker reach"),
    "an endpoint without a name": ("zones: [corp.", "zones: [other.", "url:", "Nothing resolves"),
    "an endpoint without address": ("    address: 10.20.30.41\n", "", "name: sap", "`address` does not fit"),
    "a probe that is dropped": ("  port: 443\n", "  port: 80\n", "probe:", "No rule lets the probe pass"),
    "quotes in a purpose": ("tickets, read", 'tickets" accept', "purpose:", "Use up to 80 characters without quotes"),
    "a name server outside": ("servers: [10.20.30.53]", "servers: [9.9.9.9]", "servers:", "is not behind the tunnel"),
    "a reference": ("profile: modern", "profile: &p modern\ninitiates: *p", "initiates:", "Write the value out"),
    "a date that is none": ("name: Example A", "name: 2026-13-41", "", "The file is no YAML"),
    "a foreign tag": ("name: Example A", "name: !!python/name:os.system x", "name:", "The file is no YAML"),
    "no YAML": ("profile: modern", "profile: [modern", "", "The file is no YAML"),
}
WEAK = {
    "aes256-sha256-modp1024": "`modp1024` in `aes256-sha256-modp1024` is too weak (within reach of a state (Logjam))",
    "3des-sha256-modp3072": "is too weak (64-bit blocks (Sweet32)",
    "aes256-sha1-modp3072": "is too weak (broken for signatures",
    "aes256-sha256-modp2048": "below the 3072 bit",
    "aes256-sha3-ecp384": "is not in the list of algorithms",
    "aes256gcm16-ecp384": "encryption, a PRF, and a group is needed",
    "aes256-sha256": "encryption, integrity, and a group is needed",
}


def changed(folder: Path, old: str, new: str) -> Path:
    text = A.read_text()
    assert old in text
    path = folder / A.name
    path.write_text(text.replace(old, new))
    return path


def problems(path: Path, *others: Path) -> list[str]:
    try:
        load(GATEWAY, [path, *others])
    except RefusedError as refused:
        return [str(problem) for problem in refused.problems]
    return []


@pytest.mark.parametrize("why", REFUSED)
def test_a_site_file_is_refused_with_file_line_and_remedy(tmp_path: Path, why: str) -> None:
    old, new, named, said = REFUSED[why]
    path = changed(tmp_path, old, new)
    found = problems(path, B)
    assert any(said in problem for problem in found), found
    place, rest = next(problem for problem in found if said in problem).split(": ", 1)
    file, _, line = place.rpartition(":")
    assert file == str(path)
    assert named in path.read_text().splitlines()[int(line) - 1]
    assert rest.count(".") >= 2 or "Write" in rest, f"what and a remedy: {rest}"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)


@given(place=st.integers(0, 60), value=anything)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_stands_in_a_place_is_read_or_refused_with_a_line(tmp_path: Path, place: int, value: object) -> None:
    data = yaml.safe_load(A.read_text())
    places = list(leaves(data))
    holder, key = places[place % len(places)]
    holder[key] = value
    path = tmp_path / A.name
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    assert all(re.match(rf"{re.escape(str(path))}:\d+: ", problem) for problem in problems(path))


@given(st.text(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / A.name
    path.write_text(text, encoding="utf-8", errors="replace")
    assert problems(path) != []


def leaves(data: Any) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of every place in a document."""
    for key in list(data if isinstance(data, dict) else range(len(data))):
        yield data, key
        if isinstance(data[key], dict | list):
            yield from leaves(data[key])


def test_every_overlap_names_translation_at_the_customers_end_as_the_remedy(tmp_path: Path) -> None:
    for network in ("10.40.10.0/24", "10.60.0.0/24", "10.30.0.0/24"):
        found = [p for p in problems(changed(tmp_path, "[10.20.30.0/24]", f"[{network}]"), B) if "overlaps" in p]
        assert found
        assert all("translate on their gateway (static NAT" in problem for problem in found)


@pytest.mark.parametrize("proposal", WEAK)
def test_weak_or_unknown_algorithms_are_refused_with_the_reason(tmp_path: Path, proposal: str) -> None:
    new = f"algorithms:\n  ike: [{proposal}]\n  esp: [aes256gcm16-ecp384]"
    (found,) = problems(changed(tmp_path, "profile: modern", new))
    assert WEAK[proposal] in found
    assert f"{A.name}:" in found


def test_a_customer_with_algorithms_of_their_own_may_be_used_if_they_are_strong(tmp_path: Path) -> None:
    new = "algorithms:\n  ike: [aes256-sha512-modp4096]\n  esp: [aes256-sha512-modp4096]"
    assert problems(changed(tmp_path, "profile: modern", new)) == []


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = changed(tmp_path, "profile: modern", "profile: none")
    path.write_text(path.read_text().replace("crl: local", "crl: ftp://x"))
    assert len(problems(path)) == 1, "shape first"
    path.write_text(path.read_text().replace("crl: ftp://x", "").replace("  port: 443\n", "  port: 80\n"))
    assert len(problems(path)) == 3, "then sense, all of it"


def test_a_network_of_ours_without_an_address_of_the_vpn_host_is_refused(tmp_path: Path) -> None:
    gateway = tmp_path / "gateway.yml"
    gateway.write_text(GATEWAY.read_text().replace("  tunnel_addresses: [10.40.10.250]\n", ""))
    with pytest.raises(RefusedError, match=r"no address in 10\.40\.10\.0/24.*private\.tunnel_addresses"):
        load(gateway, [B])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pool: 10.60.0.0/24", "pool: 10.40.60.0/24", "overlaps our networks"),
        ("  profile: modern", "  profile: compatible", "macOS, iOS or Windows cannot do"),
        ("  portal: 10.40.10.10/32\n", "", "`portal` is missing"),
        ("address: 10.40.0.10", "address: 10.41.0.10", "is in none of our networks"),
        ("worker: 10.40.10.0/24", "worker: 10.44.10.0/24", "is in none of our networks"),
        ("egress_address: 203.0.113.20\n", "", "our address there is not known"),
    ],
)
def test_our_own_end_is_held_to_the_same_strictness(tmp_path: Path, old: str, new: str, said: str) -> None:
    gateway = tmp_path / "gateway.yml"
    assert old in GATEWAY.read_text()
    gateway.write_text(GATEWAY.read_text().replace(old, new))
    with pytest.raises(RefusedError, match=re.escape(said)):
        load(gateway, [A, B])


def test_the_examples_may_be_used_and_fit_the_published_schema() -> None:
    house = load(GATEWAY, [A, B])
    assert [site.customer for site in house.sites] == ["example-a", "example-b"]
    for path in (A, B):
        jsonschema.validate(yaml.safe_load(path.read_text()), Site.model_json_schema())


def test_every_profile_holds_only_algorithms_that_are_allowed_and_says_why_it_exists() -> None:
    house: House = load(GATEWAY, [A])
    for name, profile in house.profiles.profiles.items():
        assert len(profile.reason) > 40, name
        assert [fault for one in profile.ike for fault in faults(one, "ike", house.profiles)] == []
        assert [fault for one in profile.esp for fault in faults(one, "esp", house.profiles)] == []
    life = house.profiles.lifetimes
    assert life.child_life >= 1.5 * life.child_rekey, "an SA must not expire while it is being replaced"
    assert life.given_up_after < 15, "a customer's gateway is back within 15 s even if it only responds"
    assert PROFILES.is_file()


def test_the_command_refuses_with_an_exit_code_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sites = tmp_path / "sites"
    sites.mkdir()
    changed(sites, "profile: modern", "profile: none")
    out = tmp_path / "out"
    assert main(["--sites", str(sites), "host", "--out", str(out)]) == 65
    assert "There is no profile `none`" in capsys.readouterr().err
    assert not out.exists()


def test_the_command_checks_renders_and_prints_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert main(["host", "--out", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"swanctl.conf", "strongswan.conf", "nftables.conf", "routes", "sysctl.conf", "watchdog.json"}
    assert {name for name in names if name.endswith(".service")} == {
        f"vpn-{what}.service" for what in ("firewall", "routes", "watchdog")
    }
    capsys.readouterr()
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Site"
    assert main(["sheet", "nobody"]) == 65
    assert "There is no site `nobody`" in capsys.readouterr().err
    assert main(["staff", "linux", "anna"]) == 65
