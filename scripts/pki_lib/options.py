"""What ./scripts/pki can be told."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NoReturn

from scripts.pki_lib.certificates import REASONS
from scripts.pki_lib.errors import UsageError
from scripts.pki_lib.passphrases import Origin
from scripts.pki_lib.profiles import CA_DAYS, CRL_DAYS, PROFILES, PURPOSES

EPILOG = """exit codes: 0 done, or nothing to do; `expiring`: 1 something ends soon, 2 something is over;
64 command line, 65 refused (nothing was changed), 74 disk, 75 another administrator is at it,
77 passphrase, 78 state missing, open to others or damaged. Procedures: docs/pki.md"""
HELP = {
    "init": "make the authority",
    "csr": "on the host that uses it: make a key and a request (needs no authority)",
    "sign": "sign a request, after comparing it with what is expected",
    "issue": "make the key here, on purpose, and hand it out with its certificate under a passphrase",
    "renew": "the same certificate for another period",
    "revoke": "revoke and write a new revocation list, in one step",
    "crl": "write a new revocation list",
    "list": "what is in force (--all: what ever was issued)",
    "show": "a certificate by name or serial, the authority (ca), the list (crl), or what somebody sent in a file",
    "expiring": "what ends soon or is over; for a monitor",
    "backup": "the whole state in one encrypted file, or --verify one",
    "restore": "bring a backup back, to a place where nothing is",
    "check": "compare register, files, list and audit trail with each other",
    "audit": "who did what and when",
    "adopt": "take a certificate into the register that a restored backup does not know",
    "passphrase": "another passphrase for the authority's key",
}


class Parser(argparse.ArgumentParser):
    """Leaves with 64, because 1 and 2 are answers of `expiring`."""

    def error(self, message: str) -> NoReturn:
        self.print_usage()
        self.exit(UsageError.exit_code, f"{self.prog}: {message}\n")


def state_of(given: argparse.Namespace) -> Path:
    """--state, or the directory of the authority's purpose among the administrator's own data. Raises UsageError."""
    if given.state is not None:
        return Path(given.state)
    purpose = given.purpose or next((p for p in PURPOSES if getattr(given, "profile", "") in PURPOSES[p]), None)
    if purpose is None:
        remedy = "Say --for staff or --for gateways, or name the directory with --state."
        raise UsageError("It is not clear which authority is meant.", where="--for", remedy=remedy)
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return _path(os.environ.get("PROFORMA_PKI_DIR") or f"{data}/proforma-pki") / purpose


def parser() -> Parser:
    top = Parser(
        prog="pki", description="The certificate authority of the appliance.", epilog=EPILOG, allow_abbrev=False
    )
    top.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    added = {name: commands.add_parser(name, help=text, description=text, epilog=EPILOG) for name, text in HELP.items()}
    for name, command in added.items():
        command.formatter_class = argparse.RawDescriptionHelpFormatter
        if name != "csr":
            _which(command, required=name == "init")
    _making(added["init"])
    _issuing(added)
    _ending(added)
    _looking(added)
    _keeping(added)
    return top


def origin(given: argparse.Namespace, prefix: str, what: str) -> Origin:
    """Where a passphrase comes from. `prefix`: "", "key_", "backup_" or "new_"."""
    option = "--" + prefix.replace("_", "-") + "passphrase"
    return Origin(what, option, getattr(given, f"{prefix}passphrase_file"), getattr(given, f"{prefix}passphrase_fd"))


def _which(command: argparse.ArgumentParser, *, required: bool) -> None:
    text = "which authority: staff has one of its own, so that nobody else is taken for staff (sign, issue: by profile)"
    command.add_argument("--for", dest="purpose", choices=PURPOSES, required=required, help=text)
    text = "where it is kept (default: the purpose, in $PROFORMA_PKI_DIR or ~/.local/share/proforma-pki)"
    command.add_argument("--state", type=_path, metavar="DIR", help=text)


def _making(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--organisation", required=True, metavar="TEXT", help="stands in every certificate (O)")
    add("--name", required=True, metavar="TEXT", help="name of the authority (CN), for example 'Example VPN CA 2026'")
    add("--staff-domain", action="append", default=[], metavar="DOMAIN", help="staff has addresses of it (repeatable)")
    add(
        "--crl-url",
        default="",
        metavar="URL",
        help="http address of the list, if peers fetch it (default: they get files)",
    )
    add("--days", type=int, default=CA_DAYS, metavar="N", help=f"of the authority (default: {CA_DAYS})")
    _passphrase(command)


def _issuing(added: dict[str, Parser]) -> None:
    for name in ("csr", "sign", "issue"):
        added[name].add_argument("profile", choices=PROFILES, help="kind of certificate")
        if name != "csr":
            added[name].add_argument("name", metavar="NAME", help="short name to keep it under: gw-a, mara-laptop")
        text = "host name, e-mail or IP address, as the profile takes it (repeatable)"
        added[name].add_argument("--identity", action="append", required=True, metavar="ID", help=text)
    added["renew"].add_argument("name", metavar="NAME", help="name or serial")
    for name in ("sign", "issue", "renew"):
        _order(added[name], name)
    _request(added["csr"])


def _order(command: argparse.ArgumentParser, name: str) -> None:
    add = command.add_argument
    add("--days", type=int, metavar="N", help="validity (default and most: by profile)")
    if name != "renew":
        add("--shares-identity-with", default="", metavar="NAME", help="on purpose: standby gateway, second device")
    if name != "issue":
        add("--csr", type=_input, metavar="FILE", required=name == "sign", help="the request, '-' for standard input")
        add("--key-sha256", default="", metavar="HEX", help="refuse any other key: the fingerprint told by phone")
    if name != "sign":
        add("--make-key", action="store_true", help="make the key here, instead of on the host that uses it")
        add(
            "--format",
            choices=("pkcs12", "pkcs12-legacy", "pem"),
            default="pkcs12",
            help="of the key (default: pkcs12)",
        )
        _passphrase(command, "key_", "the file with the key")
    if name == "renew":
        add("--same-key", action="store_true", help="renew although the request has the key of before")
        add("--revoke-old", action="store_true", help="revoke the one before, as superseded")
    text = "for the certificate" if name == "sign" else "for certificate and, with --make-key, the key"
    add("--out", type=_path, default=Path("-"), metavar="FILE", help=f"{text} (default: standard output)")
    _passphrase(command)


def _request(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--key",
        type=_path,
        required=True,
        metavar="FILE",
        help="the key: made there (mode 0600), or used if it is there",
    )
    add("--out", type=_path, default=Path("-"), metavar="FILE", help="the request (default: standard output)")
    add(
        "--encrypt-key",
        action="store_true",
        help="keep the key under a passphrase (a host that starts by itself cannot)",
    )
    _passphrase(command, "key_", "the key")


def _ending(added: dict[str, Parser]) -> None:
    add = added["revoke"].add_argument
    add("wanted", metavar="NAME|SERIAL")
    add("--reason", choices=REASONS, required=True, help="why; lost or stolen is key-compromise")
    added["crl"].add_argument(
        "--days", type=int, default=CRL_DAYS, metavar="N", help=f"until the next one ({CRL_DAYS})"
    )
    for name in ("revoke", "crl"):
        added[name].add_argument("--out", type=_path, metavar="FILE", help="also write the list there")
        added[name].add_argument("--der", action="store_true", help="in DER, as a CRL that is fetched by http must be")
        _passphrase(added[name])


def _looking(added: dict[str, Parser]) -> None:
    for name in ("list", "show", "expiring", "audit", "check"):
        added[name].add_argument("--json", action="store_true", help="for a program")
    added["list"].add_argument("--all", action="store_true", help="also what is revoked, expired or replaced")
    added["list"].add_argument("--profile", choices=PROFILES, help="only this kind")
    added["show"].add_argument("wanted", metavar="NAME|SERIAL|ca|crl|FILE")
    added["show"].add_argument("--out", type=_path, metavar="FILE", help="write it there in PEM ('-': standard output)")
    added["show"].add_argument("--der", action="store_true", help="in DER instead of PEM")
    text = "how far to look ahead (default: 30; the authority: and two years)"
    added["expiring"].add_argument("--days", type=int, default=30, metavar="N", help=text)


def _keeping(added: dict[str, Parser]) -> None:
    what = added["backup"].add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=_path, metavar="FILE", help="write the backup there")
    what.add_argument("--verify", type=_input, metavar="FILE", help="open a backup and check all that is in it")
    added["restore"].add_argument("file", type=_input, metavar="FILE")
    for name in ("backup", "restore"):
        _passphrase(added[name], "backup_", "the backup")
    added["adopt"].add_argument("name", metavar="NAME", help="short name to keep it under")
    added["adopt"].add_argument("--certificate", type=_input, required=True, metavar="FILE")
    _passphrase(added["adopt"])
    _passphrase(added["passphrase"])
    _passphrase(added["passphrase"], "new_", "the authority from now on")


def _passphrase(command: argparse.ArgumentParser, prefix: str = "", of: str = "the authority") -> None:
    """Never as an argument: everybody on the machine sees those."""
    option = "--" + prefix.replace("_", "-") + "passphrase"
    one = command.add_mutually_exclusive_group()
    one.add_argument(f"{option}-file", type=_path, metavar="FILE", help=f"passphrase of {of} (default: asked for)")
    one.add_argument(f"{option}-fd", type=int, metavar="N", help="or from an open file descriptor")


def _input(text: str) -> Path:
    if text == "-" or Path(text).expanduser().is_file():
        return _path(text)
    raise argparse.ArgumentTypeError(f"there is no file '{text}'")


def _path(text: str) -> Path:
    return Path(text) if text == "-" else Path(text).expanduser().absolute()
