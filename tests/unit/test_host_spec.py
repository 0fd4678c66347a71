"""What ./scripts/host is told about networks, routes and mirrors, read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host_lib import mirrors, places, spec
from scripts.host_lib.errors import HostError, UsageError
from scripts.host_lib.spec import Attachment, Spec


def test_networks_take_addresses_and_a_device() -> None:
    assert spec.attachments(["lan=10.1.0.2/24,fd01::2/64", "wan@ens5", "dmz"]) == (
        Attachment("lan", "eth0", ("10.1.0.2/24", "fd01::2/64")),
        Attachment("wan", "ens5"),
        Attachment("dmz", "eth2"),
    )


@pytest.mark.parametrize(
    "given",
    ["lan=10.1.0.2", "lan=10.1.0.256/24", "Lan", "lan@a-device", "uplink", "lan@uplink", "", "lan@aaaaaaaaaaaaaaaa"],
)
def test_a_network_that_cannot_be_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        spec.attachments([given])


def test_two_networks_on_one_device_are_refused() -> None:
    with pytest.raises(UsageError, match="share a device"):
        spec.attachments(["lan", "wan@eth0"])


@pytest.mark.parametrize("given", ["default", "default=nowhere", "10.1.0.1/24=10.2.0.1", "=10.1.0.1"])
def test_a_route_that_cannot_be_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        spec.routes([given])


def test_a_lease_comes_back_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFORMA_HOSTS_STATE", str(tmp_path))
    lease = Spec(
        "trixie",
        "2026-01-01T00:00:00+00:00",
        ("layer", "/a/directory"),
        spec.attachments(["lan=10.1.0.2/24"]),
        (("default", "10.1.0.1"),),
        "300M",
        ("ssh-ed25519 AAAA",),
    )
    place = places.Group("unit").place("web")
    spec.write(lease, place)
    assert spec.read(place) == lease
    place.lease.write_text("{")
    with pytest.raises(HostError, match="down web --purge"):
        spec.read(place)


def test_names_fit_the_kernel_and_the_longest_machine_name() -> None:
    place = places.Group("g" * 20).place("n" * 40)
    assert len(place.machine) == 64
    assert len(place.veth(99)) <= 15
    assert len(place.group.bridge("n" * 40)) <= 15
    for bad in ("", "a.b", "A", "-a", "a-", "a/b", "n" * 41):
        with pytest.raises(UsageError):
            places.checked(bad, "host")


def test_the_mirror_and_its_security_updates_are_those_of_the_machine() -> None:
    listed = {"other": "sid", "debian": "bookworm", "s": "bookworm-security", "u": "bookworm-updates"}
    said = "".join(f"'http://m/{at}/dists/{name}/InRelease' m_{at} 0 \n" for at, name in listed.items())
    said += "'http://m/debian/dists/bookworm/main/binary-amd64/Packages.xz' m_debian_main 0 \n"
    assert mirrors.from_uris(said, "bookworm") == ("http://m/debian", "http://m/s")
    assert mirrors.from_uris("", "bookworm") == ("", "")
