"""The command line: `python -m scripts.lab_lib`. Started by ./scripts/lab."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console

from scripts.host_lib import boot, hosts, locks
from scripts.host_lib.errors import HostError, UsageError
from scripts.host_lib.places import state
from scripts.host_lib.shell import remove_tree
from scripts.lab_lib import inventory, plays
from scripts.lab_lib.errors import LabMachineError
from scripts.lab_lib.options import parser
from scripts.lab_lib.places import Lab, lab
from scripts.lab_lib.topology import BY_NAME, HOSTS
from strongswan.render.problems import RefusedError

IO_FAILED = 74
console = Console(file=sys.stderr, soft_wrap=True)  # this one: scripts/pki is listened to by another while it works


def up(given: Namespace, here: Lab) -> int:
    from scripts.lab_lib import up as building

    with _alone(here):
        code = building.up(here, console, keep_layers=given.keep_layers)
    console.print(
        "The lab runs. Next: ./scripts/lab status, ./scripts/lab shell laptop, ./scripts/lab test", highlight=False
    )
    return code


def down(_given: Namespace, here: Lab) -> int:
    """By names and prefixes, not by a record: it does not matter where `up` ended."""
    with _alone(here):
        found = hosts.down_all(here.group, purge=True, now=True)
        there = here.state.exists()
        remove_tree(here.state)
    gone = f"{len(found)} hosts and devices" if found or there else "nothing was there"
    console.print(f"The lab is down: {gone}. Bases, layers and releases stay in the cache.", highlight=False)
    return 0


def status(given: Namespace, here: Lab) -> int:
    found = {one.name: one.state for one in hosts.status(here.group)}
    took = json.loads(here.record.read_text()) if here.record.exists() else {}
    states = {host.name: found.get(host.name, "absent") for host in HOSTS}
    if given.json:
        sys.stdout.write(json.dumps({"hosts": states, "up": took, "state": str(here.state)}, indent=1) + "\n")
    else:
        for host in HOSTS:
            addresses = " ".join(address for net in host.nets for address in net.addresses)
            sys.stdout.write(f"{host.name:<10} {states[host.name]:<8} {addresses}\n")
        for name in ("vpn-a", "vpn-b"):
            sys.stdout.write(f"{name}: {_tunnels(here, name)}\n")
        finished = f"`up` took {took['seconds']} s" if took else "`up` has not come to its end"
        sys.stdout.write(f"{finished}; state in {here.state}\n")
    return 0 if took and all(one == "running" for one in states.values()) else 1


def _tunnels(here: Lab, name: str) -> str:
    try:
        said = json.loads(boot.said(here.group.place(name), "cat", "/run/proforma-vpn/state.json"))
    except ValueError:
        return "no state"
    up_, wanted = said.get("tunnels_up", "?"), said.get("tunnels_wanted", "?")
    pair = boot.said(here.group.place(name), "cat", "/run/proforma-vpn/pair.json")
    role = json.loads(pair).get("role", "") if pair.startswith("{") else ""
    return f"{role} {up_} of {wanted} tunnels".strip()


def shell(given: Namespace, here: Lab) -> int:
    place = here.group.place(_known(given.host))
    interactive = ["script", "--quiet", "--command", "bash --login", "/dev/null"]
    boot.become(place, interactive if sys.stdin.isatty() else ["bash", "--login"])
    raise AssertionError("become() has become the shell")


def exec_(given: Namespace, here: Lab) -> int:
    line = given.line[1:] if given.line[:1] == ["--"] else given.line
    if not line:
        raise UsageError("No command.", where="exec", remedy="For example: exec portal -- systemctl status")
    boot.become(here.group.place(_known(given.host)), line)
    raise AssertionError("become() has become the command")


def play(given: Namespace, here: Lab) -> int:
    options = given.options[1:] if given.options[:1] == ["--"] else given.options
    with console.status(given.playbook) as shown:
        changes = plays.play(here, given.playbook, *options, say=shown.update)
    console.print(f"{given.playbook}: {changes} changes; log {here.logs / given.playbook}.log", highlight=False)
    return 0


def inventory_(_given: Namespace, here: Lab) -> int:
    sys.stdout.write(json.dumps(inventory.made(here), indent=1) + "\n")
    return 0


def test(given: Namespace, _here: Lab) -> int:
    from scripts.lab_lib.trials.testing import main as trials

    return trials(given.only, listed=given.list)


def _known(name: str) -> str:
    if name not in BY_NAME:
        raise UsageError(f"There is no host '{name}'.", where="lab", remedy=f"One of: {', '.join(BY_NAME)}")
    return name


def _alone(here: Lab) -> AbstractContextManager[None]:
    """One `up` or `down` of this lab at a time."""
    return locks.held(state() / "locks" / f"{here.group.name}.lab", 1.0)


COMMANDS: dict[str, Callable[[Namespace, Lab], int]] = {
    "up": up,
    "down": down,
    "status": status,
    "shell": shell,
    "exec": exec_,
    "play": play,
    "inventory": inventory_,
    "test": test,
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        if os.geteuid() != 0:
            raise LabMachineError(
                "The lab takes root: it makes hosts and networks.", where="lab", remedy="Run it with sudo."
            )
        return COMMANDS[given.command](given, lab())
    except (HostError, RefusedError) as error:
        console.print(str(error), markup=False, highlight=False)
        return int(getattr(error, "exit_code", 65))
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        console.print(f"{error.strerror or error}{place}. Mend this and run it again; `down` removes everything.")
        return IO_FAILED


if __name__ == "__main__":
    os.umask(0o022)  # what is made in a host's root must be readable there
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
