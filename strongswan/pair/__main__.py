"""Two VPN hosts, of which one is active: the daemon, and what operators ask of it.

  python -m strongswan.pair run /etc/proforma-vpn/pair.json
  python -m strongswan.pair status             who is active, since when and why; exit code 0: all is well, 1: look
  python -m strongswan.pair takeover           this host becomes the active; --force: also if the other is not heard
  python -m strongswan.pair release            this host gives up; --force: also if nobody is there to take over
  python -m strongswan.pair restart            charon, for new settings; waits until this host is ready again

Exit codes: 0 done; 1 something needs a look (`status`), or is not ready again (`restart`); 65 refused and why;
69 the daemon does not answer.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from strongswan.pair.asking import ask, read

STATE = Path("/run/proforma-vpn/pair.json")
WATCHED = Path("/etc/proforma-vpn/watchdog.json")
REFUSED, UNAVAILABLE = 65, 69
WITHIN = 8.0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m strongswan.pair", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    daemon = commands.add_parser("run")
    daemon.add_argument("configuration", type=Path)
    daemon.add_argument("--key", type=Path, default=Path(os.environ.get("CREDENTIALS_DIRECTORY", "."), "heartbeat"))
    daemon.add_argument("--kept", type=Path, default=Path(os.environ.get("STATE_DIRECTORY", "."), "moves.json"))
    commands.add_parser("status").add_argument("--state", type=Path, default=STATE)
    for name in ("takeover", "release"):
        order = commands.add_parser(name)
        order.add_argument("--force", action="store_true")
        order.add_argument("--state", type=Path, default=STATE)
    again = commands.add_parser("restart")
    again.add_argument("--configuration", type=Path, default=WATCHED, help="of the watchdog: every VPN host has it")
    again.add_argument("--unless-active", action="store_true", help="the active is left for later")
    again.add_argument("--alone", action="store_true", help="the active too, without a look at the other host")
    return top


def run(options: argparse.Namespace) -> int:
    """The daemon. HUP begins anew with the same addresses and tunnels; TERM hands over."""
    from strongswan.pair.daemon import Daemon
    from strongswan.pair.settings import load
    from strongswan.pair.system import notify

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    settings = load(options.configuration, options.key, options.kept)
    daemon = Daemon(settings, settings.driver())
    signal.signal(signal.SIGTERM, lambda *_: daemon.stop.set())
    again = [sys.executable, "-m", "strongswan.pair", *sys.argv[1:]]
    signal.signal(signal.SIGHUP, lambda *_: os.execv(sys.executable, again))  # noqa: S606
    notify("READY=1")
    daemon.run()
    return 0


def status(options: argparse.Namespace) -> int:
    """Prints the state. Well: the daemon writes it, one is active, the other heard and ready, both alike."""
    state = read(options.state)
    if state is None:
        sys.stderr.write("vpn-pair.service does not run here, or has not written its state for 10 s.\n")
        return UNAVAILABLE
    sys.stdout.write(json.dumps(state, indent=1) + "\n")
    return 0 if well(state) else 1


def well(state: dict[str, Any]) -> bool:
    """Nothing that needs a look."""
    peer = state["peer"] or {}
    roles = {state["role"], peer.get("role")} == {"active", "standby"}
    heard = peer.get("heard_ago", 99.0) < 3.0
    return bool(roles and heard and state["ready"] and peer["ready"] and not state["configuration_differs"])


def order(options: argparse.Namespace) -> int:
    """Asks the daemon, and waits until it is done."""
    try:
        said = ask(options.state, {"command": options.command, "force": options.force})
    except (OSError, ValueError):
        sys.stderr.write("vpn-pair.service does not answer. Nothing was changed.\n")
        return UNAVAILABLE
    if said["problem"]:
        sys.stderr.write(said["problem"] + " Nothing was changed.\n")
        return REFUSED
    wanted, end = ("active" if options.command == "takeover" else "standby"), time.monotonic() + WITHIN
    while time.monotonic() < end:
        state = read(options.state)
        if state is not None and state["role"] == wanted:
            sys.stdout.write(f"This host is {wanted} now.\n")
            return 0
        time.sleep(0.1)
    sys.stderr.write(f"This host is not {wanted} yet: see `status`.\n")
    return 1


def restart(options: argparse.Namespace) -> int:
    """For the Ansible role, and for operators."""
    from strongswan.pair.restart import real, restart

    outcome = restart(real(options.configuration), unless_active=options.unless_active, alone=options.alone)
    (sys.stderr if outcome.code else sys.stdout).write(outcome.said + "\n")
    return outcome.code


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    does = {"run": run, "status": status, "takeover": order, "release": order, "restart": restart}
    return does[options.command](options)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
