"""What ./scripts/lab can be told."""

from __future__ import annotations

import argparse
from typing import NoReturn

from scripts.host_lib.errors import UsageError

EPILOG = """environment:
  PROFORMA_HOSTS_GROUP   whose hosts (default: lab)
  PROFORMA_LAB_STATE     secrets, certificates, logs of the running lab (default: /var/lib/proforma-lab/GROUP)
  PROFORMA_LAB_CACHE     wheels and signed releases (default: /var/cache/proforma-lab)
exit codes: 0 done, or nothing to do; 64 command line; 65 refused; 66 not running; 69 this machine lacks something;
70 a step failed, the hosts are kept; 75 another command is at it. `exec`, `shell`: those of the command."""
HELP = {
    "up": "the whole appliance and its customers, by a signed release and the real playbooks; then no internet",
    "test": "prove on the running lab what the appliance promises (--list says what)",
    "status": "which hosts run, which tunnels stand, how long `up` took",
    "shell": "a shell in a host; on the laptop: `vpn up anna`",
    "exec": "a command in a host, as root",
    "play": "one of ansible/playbooks against the lab: release, rollback, backup, doctor ...",
    "inventory": "the inventory for Ansible, as a program gives it",
    "down": "end everything and remove it; bases, layers and releases stay in the cache",
}


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage()
        self.exit(UsageError.exit_code, f"{self.prog}: {message}\n")


def parser() -> Parser:
    top = Parser(prog="lab", description="The whole appliance on one machine.", epilog=EPILOG, allow_abbrev=False)
    top.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    added = {name: commands.add_parser(name, help=text, description=text) for name, text in HELP.items()}
    for name in ("shell", "exec"):
        added[name].add_argument("host", metavar="HOST")
    added["exec"].add_argument("line", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    added["play"].add_argument("playbook")
    added["play"].add_argument("options", nargs=argparse.REMAINDER, metavar="-- OPTIONS of ansible-playbook")
    trials = "a trial, or a pattern such as 'month-*'; repeatable"
    added["test"].add_argument("--only", action="append", default=[], metavar="NAME", help=trials)
    added["test"].add_argument("--list", action="store_true", help="the trials and what each proves")
    kept = "take the newest layers although roles have changed since; for work on roles"
    added["up"].add_argument("--keep-layers", action="store_true", help=kept)
    added["status"].add_argument("--json", action="store_true", help="for programs")
    added["down"].add_argument(
        "--purge", action="store_true", help="also what a crash left without a trace in the state"
    )
    for name in ("--list", "--host"):
        added["inventory"].add_argument(name, nargs="?", help=argparse.SUPPRESS)
    return top
