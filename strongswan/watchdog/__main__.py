"""The watchdog on a VPN host: writes the tunnels' state as JSON and initiates what strongSwan will not retry.

python -m strongswan.watchdog /etc/proforma-vpn/watchdog.json [--once]

Logs names of tunnels and charon's short reason, never keys, identities of people or addresses inside a tunnel.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import vici  # type: ignore[import-untyped]
from vici.exception import CommandException, SessionException  # type: ignore[import-untyped]

from strongswan.watchdog.decide import Tried, due, noted, orphans
from strongswan.watchdog.state import State, Wanted, state, unanswered

log = logging.getLogger("vpn-watchdog")
EVERY, INITIATE_MS, ANSWER_WITHIN, PAIR_GOOD_FOR = 2.0, 3000, 10.0, 10.0
UNANSWERED = (OSError, SessionException, CommandException)


@dataclass(slots=True)
class Watchdog:
    """One round after another; what it remembers between rounds is only when to try again."""

    socket_path: str
    state_file: Path
    wanted: tuple[Wanted, ...]
    pair_file: Path | None = None
    tried: dict[str, Tried] = field(default_factory=dict)
    was_up: dict[str, bool] = field(default_factory=dict)

    def round(self) -> State:
        """Look, write down, initiate what is due. A charon that does not answer is a state, not an error."""
        try:
            with self._connection() as connection:
                session = vici.Session(connection)
                sas = list(session.list_sas())
                now = state(time.time(), self.wanted, sas, session.get_pools())
                self._publish(now)
                _end(session, orphans(self.wanted, sas))
                if self._active():
                    self._initiate(session, now)
        except UNANSWERED as error:
            log.warning("charon does not answer (%s); trying again", type(error).__name__)
            now = unanswered(time.time(), self.wanted)
            self._publish(now)
        return now

    def _active(self) -> bool:
        """A standby starts nothing. Nor does a host whose pair is silent: nobody knows who holds the address."""
        return self.pair_file is None or is_active(self.pair_file, time.time())

    def _connection(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_WITHIN)
        try:
            connection.connect(self.socket_path)
        except OSError:
            connection.close()
            raise
        return connection

    def _initiate(self, session: vici.Session, now: State) -> None:
        for want in due(self.wanted, now.tunnels, self.tried, time.monotonic())[:1]:  # so that the state stays fresh
            error = _bring_up(session, want)
            self.tried[want.child] = noted(self.tried.get(want.child, Tried()), time.monotonic(), error)
            log.info("initiated %s: %s", want.child, error or "done")

    def _publish(self, now: State) -> None:
        for tunnel in now.tunnels:
            if tunnel.up:
                self.tried.pop(tunnel.name, None)
            if self.was_up.get(tunnel.name) is not tunnel.up:
                log.info("tunnel %s is %s", tunnel.name, "up" if tunnel.up else "down")
            self.was_up[tunnel.name] = tunnel.up
        attempts = {name: {"attempts": t.attempts, "error": t.error} for name, t in self.tried.items()}
        _replace(self.state_file, json.dumps({**now.as_dict(), "trying": attempts}, indent=1))


def _bring_up(session: vici.Session, want: Wanted) -> str:
    """ "" or charon's reason. Charon goes on by itself when the time is over."""
    request = {"ike": want.connection, "child": want.child, "timeout": str(INITIATE_MS), "loglevel": "-1"}
    try:
        for _ in session.initiate(request):
            pass
    except CommandException as error:
        return str(error)[:200]
    return ""


def is_active(pair_file: Path, now: float) -> bool:
    """What strongswan/pair wrote last, unless that is too long ago."""
    try:
        pair = json.loads(pair_file.read_text())
        return bool(pair["role"] == "active" and now - pair["at"] < PAIR_GOOD_FOR)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _end(session: vici.Session, numbers: list[str]) -> None:
    for number in numbers:
        log.info("ended a tunnel whose site file is gone")
        with suppress(CommandException):
            for _ in session.terminate({"ike-id": number, "force": "yes", "timeout": "1000", "loglevel": "-1"}):
                pass


def _replace(path: Path, content: str) -> None:
    """Readers see the old or the new state, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(content)
    scratch.replace(path)


def configured(path: Path) -> Watchdog:
    """From the rendered watchdog.json."""
    values = json.loads(path.read_text())
    wanted = tuple(Wanted(**tunnel) for tunnel in values["tunnels"])
    pair_file = Path(values["pair_file"]) if "pair_file" in values else None
    return Watchdog(values["socket"], Path(values["state_file"]), wanted, pair_file)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m strongswan.watchdog", description=__doc__)
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--once", action="store_true", help="one round; exit code 1 unless every tunnel is up")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    watchdog = configured(options.configuration)
    if options.once:
        return 0 if all(tunnel.up for tunnel in watchdog.round().tunnels) else 1
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        watchdog.round()
        stop.wait(EVERY)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
