"""What the pair asks of charon, over vici: how many tunnels stand, bring all up, end all."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import vici  # type: ignore[import-untyped]
from vici.exception import CommandException, SessionException  # type: ignore[import-untyped]

from strongswan.watchdog.state import Wanted, state, text

UNANSWERED = (OSError, SessionException)
ANSWER_WITHIN = 3.0


@contextmanager
def session(path: str) -> Iterator[vici.Session]:
    """Raises one of UNANSWERED when charon does not answer."""
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(ANSWER_WITHIN)
        connection.connect(path)
        yield vici.Session(connection)


def installed(path: str, wanted: tuple[Wanted, ...]) -> int | None:
    """Tunnels of customers that are up; None when charon does not answer or lacks one of their connections."""
    try:
        with session(path) as asked:
            loaded = set(asked.get_conns()["conns"])
            if not {text({"": name}, "") for name in loaded} >= {want.connection for want in wanted}:
                return None
            return _up(asked, wanted)
    except (*UNANSWERED, CommandException):
        return None


def standing(path: str, wanted: tuple[Wanted, ...]) -> int:
    """Tunnels that are up, whatever is loaded; a charon that does not answer has none."""
    try:
        with session(path) as asked:
            return _up(asked, wanted)
    except (*UNANSWERED, CommandException):
        return 0


def _up(asked: vici.Session, wanted: tuple[Wanted, ...]) -> int:
    return sum(tunnel.up for tunnel in state(0.0, wanted, asked.list_sas(), {}).tunnels)


def bring_up(path: str, wanted: Sequence[Wanted]) -> None:
    """Ask for every tunnel that is ours to start, without waiting for any; the watchdog sees to those that fail."""
    with suppress(*UNANSWERED), session(path) as asked:
        for want in wanted:
            if want.initiate:
                _ask(asked, "initiate", {"ike": want.connection, "child": want.child, "timeout": "-1"})


def end_all(path: str) -> None:
    """End every IKE_SA at once and tell nobody: the other host speaks for this address now."""
    with suppress(*UNANSWERED), session(path) as asked:
        numbers = [text(values, "uniqueid") for entry in asked.list_sas() for values in entry.values()]
        for number in numbers:
            _ask(asked, "terminate", {"ike-id": number, "force": "yes", "timeout": "-1"})


def _ask(asked: vici.Session, command: str, request: dict[str, str]) -> None:
    with suppress(CommandException):
        for _ in getattr(asked, command)({**request, "loglevel": "-1"}):
            pass
