"""The commands: each reads what it was told and leaves the rest to the module of its subject."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.host_lib import bases, boot, copying, doctor, hosts, layers, network, places, spec
from scripts.host_lib.errors import MachineError, UsageError
from scripts.host_lib.options import DEFAULT_BASE
from scripts.host_lib.places import Group
from scripts.host_lib.spec import UPLINK, Attachment, Spec

UNITS_FAILED = 1
MISSING = MachineError.exit_code


def say(text: str) -> None:
    """To a person; standard output is for programs."""
    sys.stderr.write(f"{text}\n")


def table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{line.rstrip()}\n")


def doctor_(given: Namespace, _group: Group) -> int:
    found = list(doctor.examine())
    if given.json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], indent=1) + "\n")
    else:
        table([("ok" if one.kind == "ok" else "MISSING", one.what, one.detail) for one in found])
    for one in found:
        if one.remedy:
            say(f"{one.what}: {one.remedy}")
    return MISSING if any(one.kind != "ok" for one in found) else 0


def base(given: Namespace, _group: Group) -> int:
    if given.action == "list":
        table([("base", "made", "MB"), *((one.suite, one.made, str(one.megabytes)) for one in bases.built())])
    elif given.action == "remove":
        say(f"The base {given.suite} {'was removed' if bases.remove(given.suite) else 'was not there'}.")
    else:
        made, now = bases.build(given.suite, anew=given.anew)
        say(f"The base {made.suite} of {made.made} {'was built' if now else 'is there already'}: {made.megabytes} MB.")
    return 0


def up(given: Namespace, group: Group) -> int:
    place = group.place(given.name)
    _lease, started = hosts.up(place, _wanted(given))
    failed = [] if given.no_wait else boot.wait(place)
    say(f"The host {place.name} {'was started' if started else 'is running already'}.")
    for unit in failed:
        say(f"This unit failed: {unit}. ./scripts/host exec {place.name} -- systemctl status {unit}")
    return UNITS_FAILED if failed else 0


def _wanted(given: Namespace) -> Spec | None:
    """None: whatever the host was, if it is there already; otherwise a host with nothing but the base."""
    told = (given.base, given.layer, given.network, given.route, given.online, given.disk, given.key)
    if not any(told) and places.group().place(given.name).lease.exists():
        return None
    attachments, routes = spec.attachments(given.network), spec.routes(given.route)
    if given.online:
        attachments += (Attachment(UPLINK, UPLINK),)
        if not any(to == "default" for to, _ in routes):
            routes += (("default", str(network.uplink(places.group()).ip)),)
    keys = tuple(_public_key(Path(name)) for name in given.key)
    layered = tuple(given.layer)
    return Spec(
        given.base or DEFAULT_BASE,
        layers=layered,
        attachments=attachments,
        routes=routes,
        disk=spec.size(given.disk),
        keys=keys,
    )


def _public_key(path: Path) -> str:
    text = path.read_text().strip() if path.is_file() else ""
    if "\n" in text or not text.startswith(("ssh-", "ecdsa-", "sk-")):
        remedy = "Name the file that ends in .pub."
        raise UsageError(f"'{path}' is no public key of ssh.", where="--key", remedy=remedy)
    return text


def exec_(given: Namespace, group: Group) -> int:
    line = given.line[1:] if given.line[:1] == ["--"] else given.line
    if not line:
        raise UsageError("No command.", where="exec", remedy="For example: exec web -- systemctl status")
    boot.become(group.place(given.name), line)
    raise AssertionError("become() has become the command")


def shell(given: Namespace, group: Group) -> int:
    """On a terminal through one of the host's own, so that programs there know what they talk to."""
    interactive = ["script", "--quiet", "--command", "bash --login", "/dev/null"]
    boot.become(group.place(given.name), interactive if sys.stdin.isatty() else ["bash", "--login"])
    raise AssertionError("become() has become the shell")


def copy(given: Namespace, group: Group) -> int:
    copying.copy(group, given.source, given.target)
    return 0


def layer(given: Namespace, group: Group) -> int:
    if given.action == "list":
        rows = [(one.name, one.base, one.base_made, " ".join(one.below)) for one in layers.kept()]
        table([("layer", "base", "of", "on top of"), *rows])
    elif given.action == "remove":
        say(f"The layer {given.layer} {'was removed' if layers.remove(given.layer) else 'was not there'}.")
    else:
        saved = hosts.save_layer(group.place(given.name), places.checked(given.layer, "layer"))
        say(f"The layer {saved.name} was saved, the host {given.name} is gone. Next: up NAME --layer {saved.name}")
    return 0


def list_(given: Namespace, group: Group) -> int:
    found = hosts.status(group)
    if given.json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], indent=1) + "\n")
        return 0
    rows = [
        (one.name, one.state, one.base, " ".join(one.layers) or "-", " ".join(one.addresses) or "-") for one in found
    ]
    table([("host", "state", "base", "layers", "addresses"), *rows])
    return 0


def logs(given: Namespace, group: Group) -> int:
    place = group.place(given.name)
    sys.stdout.write(f"console:\n{boot.console_end(place, given.lines)}\n")
    if boot.leader(place) is not None:
        sys.stdout.write(f"journal:\n{boot.said(place, 'journalctl', '--no-pager', f'--lines={given.lines}')}\n")
    return 0


def online(_given: Namespace, group: Group) -> int:
    network.online(group)
    say(f"Hosts of the group {group.name} that have an uplink reach the internet.")
    return 0


def offline(_given: Namespace, group: Group) -> int:
    there = network.offline(group)
    say(f"The group {group.name} {'is cut off from the internet' if there else 'was cut off already'}.")
    return 0


def down(given: Namespace, group: Group) -> int:
    if given.all:
        found = hosts.down_all(group, purge=given.purge, now=given.now)
        say(f"Down: {', '.join(found)}." if found else "Nothing was there.")
        return 0
    there = hosts.down(group.place(given.name), purge=given.purge, now=given.now)
    say(f"The host {given.name} {'is down' if there else 'was down already'}{' and gone' if given.purge else ''}.")
    return 0
