"""Makes a revocation bite at once on a VPN host: new lists in, remembered answers out, live tunnels down.

python -m strongswan.watchdog.revoke anna@provider.example [--lists /etc/swanctl/x509crl] [--socket /run/charon.vici]

Without the second and third step a revoked person stays in: charon remembers what it was told of a certificate, and an
SA that stands is not asked again.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import vici  # type: ignore[import-untyped]
from vici.exception import CommandException, SessionException  # type: ignore[import-untyped]

from strongswan.watchdog.state import text

UNAVAILABLE = 69  # EX_UNAVAILABLE


def of_identity(identity: str, sas: Iterable[Mapping[str, Any]]) -> list[str]:
    """Unique numbers of the IKE_SAs whose other end is `identity`, by IKE or by EAP."""
    entries = [values for entry in sas for values in entry.values()]
    return [text(v, "uniqueid") for v in entries if identity in (text(v, "remote-id"), text(v, "remote-eap-id"))]


def revoke(session: vici.Session, identity: str, lists: Path) -> tuple[int, int]:
    """(lists read, IKE_SAs ended). Raises CommandException when charon refuses a list."""
    paths = sorted(path for path in lists.iterdir() if path.is_file())
    for path in paths:
        session.load_cert({"type": "X509_CRL", "flag": "NONE", "data": path.read_bytes()})
    session.flush_certs({"type": "X509_CRL"})
    ended = of_identity(identity, session.list_sas())
    for number in ended:
        for _ in session.terminate({"ike-id": number, "force": "yes", "timeout": "2000", "loglevel": "-1"}):
            pass
    return len(paths), len(ended)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m strongswan.watchdog.revoke", description=__doc__)
    parser.add_argument("identity", help="as it stands in the certificate")
    parser.add_argument("--lists", type=Path, default=Path("/etc/swanctl/x509crl"))
    parser.add_argument("--socket", default="/run/charon.vici")
    options = parser.parse_args(arguments)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(options.socket)
            read, ended = revoke(vici.Session(connection), options.identity, options.lists)
    except (OSError, SessionException, CommandException) as error:
        remedy = "Nothing may have changed: check that strongswan.service runs and that the lists can be read."
        sys.stderr.write(f"The revocation did not reach charon: {error}. {remedy}\n")
        return UNAVAILABLE
    sys.stdout.write(f"{read} revocation lists read; {ended} live tunnels ended.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
