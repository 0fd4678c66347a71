"""What the trials stand on, tried with two hosts: another host's network, power, and how an outage is timed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from scripts.host_lib.places import Group
from scripts.lab_lib.trials.machines import Machines, TrialError, eventually
from scripts.lab_lib.trials.pulse import beating, connects, longest_gap
from tests.support.hosts.command import Hosts, needed

pytestmark = [pytest.mark.lab, pytest.mark.slow]
DOOR = "import socket; door = socket.create_server(('10.77.0.2', 8080))\nwhile door.accept(): pass"
SERVE = f'systemd-run --quiet --unit=door python3 -c "{DOOR}"'


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    needed()
    hosts = Hosts(f"trial{os.getpid() % 100000}")
    try:
        hosts.do("up", "one", "--network", "lan=10.77.0.1/24")
        hosts.do("up", "two", "--network", "lan=10.77.0.2/24")
        yield Machines(Group(hosts.group))
    finally:
        hosts.do("down", "--all", "--purge", "--now")


def test_a_command_says_how_it_ended_and_one_that_must_succeed_raises(machines: Machines) -> None:
    assert machines.do("one", "hostname") == "one"
    assert machines.sh("one", "echo no >&2; exit 3").code == 3
    with pytest.raises(TrialError, match="exit code 3"):
        machines.do("one", "exit 3")
    assert machines.run("one", "sleep", "5", seconds=0.2).code == 124
    assert machines.run("nobody", "true").code == 255


def test_an_outage_is_seen_from_the_other_hosts_network_and_timed(machines: Machines) -> None:
    machines.do("two", SERVE)
    probe = connects(machines.place("one"), "10.77.0.2", 8080)
    eventually(probe, 10, "the door is open")
    with beating(probe, 0.05) as pulse:
        time.sleep(0.3)
        machines.power_off("two")
        eventually(lambda: not pulse.beats[-1].answered, 5, "it is shut")
        machines.power_on("two")
        machines.do("two", SERVE)
        on = time.monotonic()
        assert pulse.back(on, 10, "it is open again") < 5
        time.sleep(0.2)
    assert 0.5 < longest_gap(pulse.beats) < 60


def test_a_reboot_is_waited_for(machines: Machines) -> None:
    before = machines.do("two", "cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestampMonotonic")
    machines.reboot("two")
    assert machines.do("two", "systemctl is-system-running || true") in ("running", "degraded")
    after = machines.do("two", "cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestampMonotonic")
    assert after != before
