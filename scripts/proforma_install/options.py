"""The command line."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter, _SubParsersAction
from pathlib import Path

ROOT = "/opt/proforma"
TRUST = "/etc/proforma/release-keys"
EXITS = """\
exit codes:
   0  done, or nothing to do
   2  the command line cannot be read           64  it asks for what cannot be
  65  refused: unsigned, altered, too old       66  no such artifact, key or release
  69  this host's Python or openssl             70  a step before the switch failed: check, backup, migrate, wheels
  73  the disk is full                          74  the system reports an error    77  no permission
  75  another run is at work                    76  rolled back: the new release was not healthy
  78  what is installed or runs is not what was released
With 65 to 75 the release that ran before still runs. All can be run again after a crash.
"""


def parser() -> ArgumentParser:
    result = ArgumentParser(
        prog="proforma-install",
        description="Install a signed release on this host, switch to it, go back.",
        epilog=EXITS,
        formatter_class=RawDescriptionHelpFormatter,
    )
    result.add_argument("--root", type=Path, default=Path(ROOT), help=f"where releases live (default {ROOT})")
    result.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="for another run to end (default 0)")
    commands = result.add_subparsers(dest="command", required=True)
    _install(commands)
    _follow(commands)
    _rollback(commands)
    _verify(commands)
    _others(commands)
    return result


def _install(commands: _SubParsersAction[ArgumentParser]) -> None:
    one = commands.add_parser("install", help="verify an artifact, install it, switch to it")
    one.add_argument("--artifact", type=Path, required=True, help="proforma-VERSION.tar; its .sig lies beside it")
    one.add_argument("--no-switch", action="store_true", help="only put it in place (baking an image)")
    _artifact(one)
    _hooks(one)


def _follow(commands: _SubParsersAction[ArgumentParser]) -> None:
    one = commands.add_parser(
        "follow", help="make current what the pointer names; the step at boot and of the playbook"
    )
    one.add_argument(
        "--pointer", type=Path, required=True, help="file with one line: the version that is to be current"
    )
    one.add_argument("--artifacts", type=Path, required=True, help="directory with proforma-VERSION.tar and .sig")
    _artifact(one)
    _hooks(one)


def _artifact(one: ArgumentParser) -> None:
    one.add_argument(
        "--trust", type=Path, default=Path(TRUST), help=f"public keys, a file or directory (default {TRUST})"
    )
    one.add_argument("--python", default="/usr/bin/python3", help="for the environment (default /usr/bin/python3)")
    one.add_argument("--allow-older", action="store_true", help="than the current release")
    one.add_argument("--keep", type=_positive, default=3, help="how many releases stay installed (default 3)")
    one.add_argument(
        "--backup", default="", metavar="COMMAND", help="before the migration; a failure stops the upgrade"
    )
    one.add_argument("--migrate", default="", metavar="COMMAND", help="on one host only; old code must survive it")


def _hooks(one: ArgumentParser) -> None:
    group = one.add_argument_group("commands of yours (no shell; PROFORMA_RELEASE, _VERSION and _ROOT are set)")
    group.add_argument("--check", default="", metavar="COMMAND", help="of the new release, before anything else moves")
    group.add_argument("--restart", default="", metavar="COMMAND", help="the services, after the switch")
    group.add_argument("--health", default="", metavar="COMMAND|URL", help="asked until it is good, or rolled back")
    group.add_argument("--health-host", default="", metavar="NAME", help="one of ALLOWED_HOSTS, for a URL on loopback")
    group.add_argument("--health-seconds", type=float, default=60, help="how long it is asked (default 60)")
    group.add_argument(
        "--hook-seconds",
        type=float,
        default=900,
        help="how long a command may take; then it gets SIGTERM (default 900)",
    )
    group.add_argument("--running", action="store_true", help="processes of this release must run, and of no other")


def _rollback(commands: _SubParsersAction[ArgumentParser]) -> None:
    one = commands.add_parser("rollback", help="switch to the release before, or to another installed one")
    one.add_argument("--to", metavar="VERSION", help="default: the one before")
    _hooks(one)


def _verify(commands: _SubParsersAction[ArgumentParser]) -> None:
    one = commands.add_parser("verify", help="an artifact's signature and every hash; changes nothing")
    one.add_argument("--artifact", type=Path, required=True)
    one.add_argument("--trust", type=Path, default=Path(TRUST))
    two = commands.add_parser(
        "verify-running", help="files of the current release unaltered, its processes and no others"
    )
    two.add_argument("--version", help="which has to be the current one; default: whichever is")
    two.add_argument("--files-only", action="store_true", help="a host on which nothing has to run")


def _others(commands: _SubParsersAction[ArgumentParser]) -> None:
    one = commands.add_parser("list", help="installed releases")
    one.add_argument("--json", action="store_true")
    two = commands.add_parser("prune", help="remove old releases; never the current, the previous, or one that runs")
    two.add_argument("--keep", type=_positive, default=3)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError("a number from 1 on")
    return int(text)
