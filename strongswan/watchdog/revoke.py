"""Makes a revocation bite at once on a VPN host: new lists in, remembered answers out, live tunnels down.

python -m strongswan.watchdog.revoke anna@provider.example [--lists /etc/swanctl/x509crl] [--socket /run/charon.vici]

Without the second and third step a revoked person stays in: charon remembers what it was told of a certificate, and an
SA that stands is not asked again.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vici  # type: ignore[import-untyped]
from vici.exception import CommandException, SessionException  # type: ignore[import-untyped]

from strongswan.watchdog.state import text

UNAVAILABLE = 69  # EX_UNAVAILABLE


STAFF = "staff-"
"""what the names of staff's connections begin with: strongswan/templates/swanctl.conf.j2"""
PERSON = ("cn", "e", "emailaddress")
"""parts of a subject that name a person"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """others: staff sessions that go on; nameless: (number, identity) of those whose identity names no person."""

    lists: int
    ended: int
    others: int
    nameless: tuple[tuple[str, str], ...]


def names(identity: str) -> set[str]:
    """Who may be meant by the identity of an SA's other end, in small letters.

    A client may sign in with what stands in its certificate in any form: the mail address, or the whole subject, which
    charon writes as "O=Provider, OU=Staff, CN=eve@provider.example".
    """
    parts = (part.partition("=") for part in re.split(r",\s*(?=[\w.]+=)", identity.casefold()))
    return {identity.casefold(), *(value for key, _, value in parts if key in PERSON)}


def of_identity(identity: str, sas: Iterable[Mapping[str, Any]]) -> list[str]:
    """Unique numbers of the IKE_SAs whose other end is `identity`, by IKE or by EAP."""
    entries = [values for entry in sas for values in entry.values()]
    return [text(v, "uniqueid") for v in entries if identity.casefold() in _named(v)]


def outcome(lists: int, identity: str, sas: Iterable[Mapping[str, Any]]) -> Outcome:
    """What ending the tunnels of `identity` amounts to."""
    sas = list(sas)
    ended = of_identity(identity, sas)
    staff = [v for entry in sas for name, v in entry.items() if name.startswith(STAFF)]
    others = [v for v in staff if text(v, "uniqueid") not in ended and text(v, "state") != "CONNECTING"]
    nameless = [(text(v, "uniqueid"), _signed_in_as(v)) for v in others if not any("@" in name for name in _named(v))]
    return Outcome(lists, len(ended), len(others), tuple(nameless))


def _named(sa: Mapping[str, Any]) -> set[str]:
    return names(text(sa, "remote-id")) | names(text(sa, "remote-eap-id"))


def _signed_in_as(sa: Mapping[str, Any]) -> str:
    return text(sa, "remote-eap-id") or text(sa, "remote-id")


def told(identity: str, done: Outcome) -> str:
    """For the person who revokes. That nothing was ended is no failure, and may be a mistake: it is said which."""
    lines = [f"{done.lists} revocation lists read; {done.ended} live tunnels of {identity} ended."]
    go_on = f"{done.others} other staff sessions go on"
    if done.ended:
        lines.append(f"{go_on}.")
    elif not done.others:
        lines.append("Nobody of staff is connected to this host, so there was nothing to end.")
    else:
        look = "if the person may be one of them under another name: swanctl --list-sas"
        lines.append(f"No session is {identity}'s. {go_on}; {look}.")
    for number, other in done.nameless:
        lines.append(f"One names no person, as {other}. Unless you know whose: swanctl --terminate --ike-id {number}")
    return "\n".join(lines)


def revoke(session: vici.Session, identity: str, lists: Path) -> Outcome:
    """Raises CommandException when charon refuses a list."""
    paths = sorted(path for path in lists.iterdir() if path.is_file())
    for path in paths:
        session.load_cert({"type": "X509_CRL", "flag": "NONE", "data": path.read_bytes()})
    session.flush_certs({"type": "X509_CRL"})
    sas = list(session.list_sas())
    for number in of_identity(identity, sas):
        for _ in session.terminate({"ike-id": number, "force": "yes", "timeout": "2000", "loglevel": "-1"}):
            pass
    return outcome(len(paths), identity, sas)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m strongswan.watchdog.revoke", description=__doc__)
    parser.add_argument("identity", help="the mail address in the certificate")
    parser.add_argument("--lists", type=Path, default=Path("/etc/swanctl/x509crl"))
    parser.add_argument("--socket", default="/run/charon.vici")
    options = parser.parse_args(arguments)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(options.socket)
            done = revoke(vici.Session(connection), options.identity, options.lists)
    except (OSError, SessionException, CommandException) as error:
        remedy = "Nothing may have changed: check that strongswan.service runs and that the lists can be read."
        sys.stderr.write(f"The revocation did not reach charon: {error}. {remedy}\n")
        return UNAVAILABLE
    sys.stdout.write(f"{told(options.identity, done)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
