"""The command line: `python -m scripts.host_lib`. Started by ./scripts/host."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from scripts.host_lib import commands, places
from scripts.host_lib.errors import HostError, MachineError
from scripts.host_lib.options import parser
from scripts.host_lib.places import Group

IO_FAILED = 74
COMMANDS: dict[str, Callable[[Namespace, Group], int]] = {
    "doctor": commands.doctor_,
    "base": commands.base,
    "up": commands.up,
    "exec": commands.exec_,
    "shell": commands.shell,
    "copy": commands.copy,
    "layer": commands.layer,
    "list": commands.list_,
    "logs": commands.logs,
    "online": commands.online,
    "offline": commands.offline,
    "down": commands.down,
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        if given.command != "doctor" and os.geteuid() != 0:
            raise MachineError("This takes root.", where=given.command, remedy="Run it with sudo; see: host doctor.")
        return COMMANDS[given.command](given, places.group())
    except HostError as error:
        commands.say(str(error))
        return error.exit_code
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        commands.say(
            f"{error.strerror or error}{place}. Mend this and run it again; `down --all` removes what is left."
        )
        return IO_FAILED


if __name__ == "__main__":
    os.umask(0o022)  # what is made in a host's root must be readable there
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
