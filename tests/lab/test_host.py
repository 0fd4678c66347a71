"""./scripts/host: real systemd hosts that boot, reboot, reach each other, and go without a trace."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.host_lib import places
from tests.support.hosts.command import Hosts, needed

pytestmark = [pytest.mark.lab, pytest.mark.slow]

BASE = "trixie"
LISTENS = "import socket; print(socket.create_connection(('{}', 22), 2).recv(7).decode())"


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Two hosts on one network; `one` may also write no more than 64 MB."""
    needed()
    made = Hosts(f"test-{os.getpid()}")
    made.do("base", "build", BASE)
    try:
        made.do("up", "one", "--base", BASE, "--network", "lan=10.9.0.2/24,fd09::2/64", "--disk", "64M")
        made.do("up", "two", "--base", BASE, "--network", "lan=10.9.0.3/24", "--online")
        yield made
    finally:
        made.run("down", "--all", "--purge", "--now")


@pytest.fixture
def other() -> Iterator[Hosts]:
    """A group of its own for what is killed half-way."""
    needed()
    made = Hosts(f"test-{os.getpid()}-o")
    made.do("base", "build", BASE)
    yield made
    made.run("down", "--all", "--purge", "--now")


def test_a_host_runs_systemd_with_nothing_failed(hosts: Hosts) -> None:
    assert hosts.inside("one", "cat /proc/1/comm; systemctl is-system-running; hostname").stdout.split() == [
        "systemd",
        "running",
        "one",
    ]
    assert [(one["name"], one["state"]) for one in json.loads(hosts.do("list", "--json"))] == [
        ("one", "running"),
        ("two", "running"),
    ]


def test_up_again_changes_nothing_and_other_options_are_refused(hosts: Hosts) -> None:
    began = hosts.inside("one", "stat -c %Y /proc/1").stdout
    assert hosts.run("up", "one").returncode == 0
    assert hosts.inside("one", "stat -c %Y /proc/1").stdout == began
    refused = hosts.run("up", "one", "--network", "lan=10.9.0.9/24")
    assert (refused.returncode, "--purge" in refused.stderr) == (65, True)


def test_no_two_hosts_share_an_identity_and_host_keys_are_ed25519_only(hosts: Hosts) -> None:
    ask = "cat /etc/machine-id /etc/ssh/*.pub; ls /etc/ssh/ssh_host_*"
    one, two = (hosts.inside(name, ask).stdout.split("\n") for name in ("one", "two"))
    assert one[0] != two[0]
    assert len(one[0]) == 32
    assert one[1] != two[1]
    assert one[2:] == ["/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub", ""]
    root = places.cache() / "bases" / BASE / "root"
    assert (root / "etc/machine-id").read_text() == ""
    assert list(root.glob("etc/ssh/ssh_host_*")) == []


def test_the_base_gets_security_updates(hosts: Hosts) -> None:
    sources = hosts.inside("one", "cat /etc/apt/sources.list.d/debian.sources").stdout
    assert f"Suites: {BASE} {BASE}-updates\n" in sources
    assert f"Suites: {BASE}-security\n" in sources


@pytest.mark.parametrize(
    ("sandbox", "command"),
    [
        ("ProtectSystem=strict", "touch /etc/written"),
        ("PrivateDevices=yes", "test -e /dev/net/tun"),
        ("PrivateTmp=yes", "test -e /tmp/seen-by-all"),
        ("SystemCallFilter=~mkdir mkdirat", "d=$(mktemp -u); mkdir $d"),
        ("RestrictAddressFamilies=AF_UNIX", "python3 -c 'import socket; socket.socket(socket.AF_INET)'"),
        ("DynamicUser=yes", "test $(id -u) = 0"),
    ],
)
def test_the_sandbox_of_a_unit_is_enforced(hosts: Hosts, sandbox: str, command: str) -> None:
    hosts.inside("one", "touch /tmp/seen-by-all")
    unit = ("exec", "one", "--", "systemd-run", "--quiet", "--wait", "--collect")
    assert hosts.run(*unit, "sh", "-c", command).returncode == 0, "without the sandbox it works"
    assert hosts.run(*unit, f"--property={sandbox}", "sh", "-c", command).returncode != 0


def test_two_hosts_reach_each_other_and_no_host_of_another_group(hosts: Hosts, other: Hosts) -> None:
    assert hosts.run("exec", "one", "--", "python3", "-c", LISTENS.format("10.9.0.3")).stdout == "SSH-2.0\n"
    other.do("up", "three", "--network", "lan=10.9.0.4/24")
    assert hosts.run("exec", "one", "--", "python3", "-c", LISTENS.format("10.9.0.4")).returncode == 1
    other.do("down", "--all", "--purge", "--now")
    assert hosts.run("exec", "one", "--", "python3", "-c", LISTENS.format("10.9.0.3")).stdout == "SSH-2.0\n"


def test_a_reboot_from_inside_comes_back_with_its_disk_and_addresses(hosts: Hosts) -> None:
    before = hosts.inside("two", "echo kept > /opt/kept; cat /proc/sys/kernel/random/uuid; stat -c %Y /proc/1").stdout
    hosts.inside("two", "systemctl reboot")
    until = time.monotonic() + 30
    while hosts.inside("two", "stat -c %Y /proc/1").stdout in ("", before.split()[-1] + "\n"):
        assert time.monotonic() < until
        time.sleep(0.2)
    hosts.do("up", "two")
    assert hosts.inside("two", "cat /opt/kept; ip -brief address show eth0").stdout.split()[::3] == [
        "kept",
        "10.9.0.3/24",
    ]


def test_a_power_cut_and_up_again_keeps_the_disk(hosts: Hosts) -> None:
    hosts.inside("two", "echo kept > /opt/cut; sync")
    hosts.do("down", "two", "--now")
    assert [one["state"] for one in json.loads(hosts.do("list", "--json")) if one["name"] == "two"] == ["off"]
    hosts.do("up", "two")
    assert hosts.inside("two", "cat /opt/cut").stdout == "kept\n"


def test_a_full_disk_is_the_hosts_own_trouble(hosts: Hosts) -> None:
    done = hosts.inside(
        "one", "dd if=/dev/zero of=/opt/big bs=1M count=80; rm -f /opt/big; systemctl is-system-running"
    )
    assert "No space left on device" in done.stderr
    assert done.stdout == "running\n"


def test_offline_closes_the_way_out_also_for_a_host_that_starts_later(hosts: Hosts) -> None:
    def has_way_out() -> bool:
        return any(line.startswith("firewall") for line in hosts.traces())

    assert has_way_out()
    hosts.do("offline")
    assert not has_way_out()
    hosts.do("down", "two", "--now")
    hosts.do("up", "two")
    assert not has_way_out()
    hosts.do("online")
    assert has_way_out()


def test_files_go_in_and_out_whole(hosts: Hosts, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "below"
    folder.mkdir(parents=True)
    (folder / "script").write_bytes(bytes(range(256)) * 1000)
    (folder / "script").chmod(0o750)
    hosts.do("copy", str(tmp_path / "in"), "one:/opt/deep/down")
    hosts.do("copy", str(folder / "script"), "one:/opt/deep/")
    assert hosts.inside("one", "stat -c %a /opt/deep/down/below/script /opt/deep/script").stdout == "750\n750\n"
    hosts.do("copy", "one:/opt/deep", str(tmp_path / "out"))
    assert (tmp_path / "out/down/below/script").read_bytes() == (folder / "script").read_bytes()


def test_what_exec_starts_ends_with_the_host_and_its_exit_code_is_the_commands(other: Hosts) -> None:
    other.do("up", "one")
    assert other.inside("one", "exit 7").returncode == 7
    other.inside("one", "nohup sleep 4711 >/dev/null 2>&1 &")
    other.do("down", "one", "--now")
    assert other.traces() == []
    assert other.run("exec", "one", "--", "true").returncode == 66


def test_a_layer_starts_another_host_with_what_was_there_but_another_identity(other: Hosts) -> None:
    layer = f"test-{os.getpid()}"
    try:
        other.do("up", "maker")
        was = other.inside("maker", "echo baked > /opt/baked; rm /etc/issue; cat /etc/machine-id").stdout
        other.do("layer", "save", "maker", layer)
        other.do("up", "user", "--layer", layer)
        done = other.inside(
            "user", "cat /opt/baked; test -e /etc/issue && echo there; hostname; cat /etc/machine-id"
        ).stdout
        assert done.split()[:2] == ["baked", "user"]
        assert done.split()[2] != was.strip()
        assert other.run("layer", "remove", layer).returncode == 65, "a host stands on it"
    finally:
        other.run("down", "--all", "--purge", "--now")
        other.do("layer", "remove", layer)


def test_down_leaves_nothing_behind(other: Hosts) -> None:
    other.do("up", "one", "--network", "lan=10.9.0.2/24", "--online")
    kinds = {line.split(":")[0] for line in other.traces()}
    assert kinds == {"mount", "namespace", "device", "control group", "process", "firewall"}, "the test sees them all"
    other.do("down", "--all", "--purge")
    assert other.traces() == []
    assert not (places.state() / other.group).exists()
    assert list((places.state() / "locks").glob(f"{other.group}*")) == []
    assert other.do("down", "--all", "--purge") == "", "twice is harmless"


@pytest.mark.parametrize("moment", ["lease", "mount", "namespace", "process"])
def test_what_a_killed_up_left_goes_with_the_next_down(other: Hosts, moment: str) -> None:
    place = places.Group(other.group).place("one")
    payload = Path("/sys/fs/cgroup/unified" if Path("/sys/fs/cgroup/unified").exists() else "/sys/fs/cgroup")
    signs = {
        "lease": place.lease.exists,
        "mount": (place.root / "etc/debian_version").exists,
        "namespace": (Path("/run/netns") / place.machine).exists,
        "process": (payload / place.machine / "payload").exists,
    }
    other.killed(signs[moment], "up", "one", "--network", "lan=10.9.0.2/24", "--online")
    other.do("down", "--all", "--purge", "--now")
    assert other.traces() == []
    assert not place.directory.exists()


def test_a_killed_build_leaves_no_process_and_no_mount_and_no_base(tmp_path: Path) -> None:
    needed()
    aside = tmp_path / "bases/bookworm.new/root/var"
    building = Hosts(f"test-{os.getpid()}-b", cache=tmp_path)
    building.killed(aside.exists, "base", "build", "bookworm")
    time.sleep(0.5)
    assert building.traces() == []
    assert "bookworm" not in building.do("base", "list")
    building.do("base", "remove", "bookworm")
    assert [path.name for path in tmp_path.glob("bases/*")] == ["bookworm.lock"]


def test_a_host_whose_lease_was_lost_goes_with_the_next_down(other: Hosts) -> None:
    other.do("up", "one", "--network", "lan=10.9.0.2/24")
    places.Group(other.group).place("one").lease.unlink()
    assert json.loads(other.do("list", "--json"))[0]["state"] == "broken"
    other.do("down", "--all", "--purge")
    assert other.traces() == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("up", "Big_Name"), 64),
        (("up", "one", "--network", "lan=10.9.0.2"), 64),
        (("up", "one", "--disk", "much"), 64),
        (("up", "one", "--layer", "nobody-made-it"), 66),
        (("exec", "nobody", "--", "true"), 66),
        (("layer", "save", "nobody", "layer"), 66),
        (("down",), 64),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy_and_leaves_nothing(
    other: Hosts, arguments: tuple[str, ...], code: int
) -> None:
    done = other.run(*arguments)
    assert (done.returncode, len(done.stderr) > 20, "Traceback" in done.stderr) == (code, True, False)
    assert other.traces() == []
