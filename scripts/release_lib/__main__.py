"""The command line: `python -m scripts.release_lib`. Started by ./scripts/release."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.pki_lib.errors import PkiError
from scripts.pki_lib.passphrases import Origin
from scripts.proforma_install import rollout
from scripts.proforma_install.artifact import VERSION
from scripts.proforma_install.errors import InstallError
from scripts.release_lib import building, checkout, keys, packing
from scripts.release_lib.errors import ReleaseError
from scripts.release_lib.wheels import Target

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.13")
"""Debian 12's and Debian 13's"""


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="./scripts/release", description="Build and sign releases. docs/releases.md")
    commands = result.add_subparsers(dest="command", required=True)
    key = commands.add_parser("key", help="make a signing key; its public half is what hosts trust")
    key.add_argument("--out", type=Path, required=True, help="a directory outside of any repository")
    _passphrase(key)
    _build(commands.add_parser("build", help="a signed artifact of the commit that is checked out"))
    sign = commands.add_parser("sign", help="sign an artifact once more, with another key")
    sign.add_argument("artifact", type=Path)
    sign.add_argument("--key", type=Path, required=True)
    _passphrase(sign)
    verify = commands.add_parser("verify", help="signature and every hash, as a host does it")
    verify.add_argument("artifact", type=Path)
    verify.add_argument("--trust", type=Path, required=True, help="public keys, a file or a directory")
    installer = commands.add_parser("installer", help="the install step as one program for a host")
    installer.add_argument("--out", type=Path, required=True, help="for example proforma-install.pyz")
    return result


def _build(one: argparse.ArgumentParser) -> None:
    one.add_argument("--version", default="", help="default: pyproject's version and the number of commits")
    one.add_argument("--out", type=Path, default=Path("out/releases"), help="directory (default out/releases)")
    one.add_argument("--key", type=Path, required=True, help="release-ID.key.pem")
    one.add_argument("--python", action="append", metavar="X.Y", help=f"of hosts; default {' and '.join(PYTHONS)}")
    one.add_argument("--machine", default=platform.machine(), help="of hosts, as uname -m has it; default this one's")
    one.add_argument("--minimum", default="", metavar="VERSION", help="hosts refuse anything older after this release")
    one.add_argument("--wheelhouse", type=Path, help="a directory of wheels instead of the index; hashes are checked")
    _passphrase(one)


def _passphrase(one: argparse.ArgumentParser) -> None:
    one.add_argument("--passphrase-file", type=Path, help="mode 0600; without it you are asked")


def key(given: argparse.Namespace) -> None:
    private, public = keys.create(given.out, _origin(given).new())
    _tell(f"{private}\n{public}")


def build(given: argparse.Namespace) -> None:
    if given.minimum and not VERSION.match(given.minimum):
        raise ReleaseError("That is no version.", where=given.minimum, remedy="Versions look like 1.4.0 or 1.4.0.27.")
    source = checkout.clean(ROOT, given.version)
    signer = keys.load(given.key, _origin(given).existing())
    target = Target(tuple(given.python or PYTHONS), given.machine)
    _tell(str(building.build(source, target, [signer], given.out, minimum=given.minimum, wheelhouse=given.wheelhouse)))


def sign(given: argparse.Namespace) -> None:
    _tell(str(packing.add_signature(given.artifact, keys.load(given.key, _origin(given).existing()))))


def verify(given: argparse.Namespace) -> None:
    stated, files = rollout.verify(given.artifact, given.trust)
    _tell(json.dumps({"version": stated.version, "commit": stated.commit, "signed_by": stated.signers, "files": files}))


def installer(given: argparse.Namespace) -> None:
    given.out.parent.mkdir(parents=True, exist_ok=True)
    _tell(str(packing.installer(given.out)))


def _origin(given: argparse.Namespace) -> Origin:
    return Origin("signing key", "--passphrase", file=given.passphrase_file)


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "key": key,
    "build": build,
    "sign": sign,
    "verify": verify,
    "installer": installer,
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        COMMANDS[given.command](given)
        return 0
    except (ReleaseError, PkiError, InstallError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error} ({error.filename}). Mend this and run it again.\n")
        return 74


if __name__ == "__main__":
    os.umask(0o022)
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
