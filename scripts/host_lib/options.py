"""What ./scripts/host can be told."""

from __future__ import annotations

import argparse
from typing import NoReturn

from scripts.host_lib.errors import UsageError
from scripts.host_lib.mirrors import SUITES

EPILOG = """environment:
  PROFORMA_HOSTS_GROUP   whose hosts these are (default: default); `down --all` ends those of this group alone
  PROFORMA_HOSTS_CACHE   bases and layers (default: /var/cache/proforma-hosts)
  PROFORMA_HOSTS_STATE   leases and disks (default: /var/lib/proforma-hosts)
exit codes: 0 done, or nothing to do; 1 `up`: it runs, but units failed; 64 command line; 65 refused, nothing was
changed; 66 no such host, base or layer, or it is not running; 69 this machine lacks something (see doctor);
70 something failed; 75 another command is at it. `exec` and `shell`: the code of the command.
How to work with it and what a container does not prove: docs/hosts.md"""
HELP = {
    "doctor": "what this machine lacks, with the remedy",
    "base": "base systems: build, list, remove",
    "up": "start a host and wait until systemd has started everything",
    "exec": "run a command in a host as root; its output and exit code are the command's",
    "shell": "a shell in a host",
    "copy": "a file or the content of a directory into a host or out of it",
    "layer": "layers: save what a host changed, list, remove",
    "list": "the hosts of this group",
    "logs": "what a host wrote to its console, and its journal while it runs",
    "online": "undo `offline`: hosts with an uplink reach the internet through this machine again",
    "offline": "no way out for the group, also for hosts that start later; this machine itself is still reached",
    "down": "power hosts off; their disks stay for the next up, unless --purge",
}
DEFAULT_BASE = "trixie"


class Parser(argparse.ArgumentParser):
    """Leaves with 64, as the other commands do."""

    def error(self, message: str) -> NoReturn:
        self.print_usage()
        self.exit(UsageError.exit_code, f"{self.prog}: {message}\n")


def parser() -> Parser:
    top = Parser(prog="host", description="Real systemd hosts on this machine.", epilog=EPILOG, allow_abbrev=False)
    top.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    added = {name: commands.add_parser(name, help=text, description=text, epilog=EPILOG) for name, text in HELP.items()}
    for command in added.values():
        command.formatter_class = argparse.RawDescriptionHelpFormatter
    _base(added["base"])
    _up(added["up"])
    _inside(added)
    _layer(added["layer"])
    _looking(added)
    _down(added["down"])
    return top


def _base(base: argparse.ArgumentParser) -> None:
    actions = base.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser("build", help="make it, unless it is there (about two minutes)")
    build.add_argument("--anew", action="store_true", help="also when it is there: for the latest security updates")
    actions.add_parser("list", help="those that are there")
    remove = actions.add_parser("remove", help="remove it, with no host on it")
    for action in (build, remove):
        action.add_argument("suite", nargs="?", default=DEFAULT_BASE, choices=SUITES)


def _up(up: argparse.ArgumentParser) -> None:
    up.add_argument("name", metavar="NAME")
    up.add_argument("--base", choices=SUITES, help=f"default: {DEFAULT_BASE}")
    layer = "a layer by name, or a directory by a path with a slash; the last one named is on top"
    up.add_argument("--layer", action="append", default=[], metavar="LAYER", help=layer)
    network = "NETWORK[=ADDRESS/PREFIX,...][@DEVICE]: a bridge shared by hosts of this group; devices: eth0, eth1 ..."
    up.add_argument("--network", action="append", default=[], metavar="NETWORK", help=network)
    up.add_argument("--route", action="append", default=[], metavar="TO=VIA", help="for example default=10.1.0.1")
    online = "an uplink: reached from this machine, with a way out for installing packages until `offline`"
    up.add_argument("--online", action="store_true", help=online)
    up.add_argument(
        "--disk", default="", metavar="SIZE", help="limit what it can write, in memory: 300M (lost on down)"
    )
    up.add_argument(
        "--key", action="append", default=[], metavar="FILE", help="public key of ssh that may enter as root"
    )
    up.add_argument("--no-wait", action="store_true", help="do not wait until it has started")


def _inside(added: dict[str, Parser]) -> None:
    for name in ("exec", "shell", "logs"):
        added[name].add_argument("name", metavar="NAME")
    added["exec"].add_argument("line", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    added["logs"].add_argument("--lines", "-n", type=int, default=100, help="of each, at most (default: 100)")
    added["copy"].add_argument("source", metavar="SOURCE", help="PATH or NAME:PATH")
    added["copy"].add_argument("target", metavar="TARGET", help="NAME:PATH or PATH")


def _layer(layer: argparse.ArgumentParser) -> None:
    actions = layer.add_subparsers(dest="action", required=True, metavar="ACTION")
    save = actions.add_parser("save", help="power a host off, keep what it changed as a layer, remove the host")
    save.add_argument("name", metavar="NAME")
    actions.add_parser("list", help="those that are there")
    remove = actions.add_parser("remove", help="remove it, with no host or layer on it")
    for action in (save, remove):
        action.add_argument("layer", metavar="LAYER")


def _looking(added: dict[str, Parser]) -> None:
    for name in ("list", "doctor"):
        added[name].add_argument("--json", action="store_true", help="for programs")


def _down(down: argparse.ArgumentParser) -> None:
    which = down.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", metavar="NAME")
    which.add_argument("--all", action="store_true", help="every host of this group, and what a crash left of it")
    down.add_argument("--purge", action="store_true", help="their disks too")
    down.add_argument("--now", action="store_true", help="as if the power failed")
