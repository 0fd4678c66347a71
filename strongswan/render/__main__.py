"""Checks site files and renders what is made from them. Nothing is written unless every file may be used.

  python -m strongswan.render check                          every site file against the gateway and each other
  python -m strongswan.render host --out DIR                 files of a VPN host: swanctl, strongswan, nftables, routes
  python -m strongswan.render manifest                       the same and all else of a host in one list (manifest.py)
  python -m strongswan.render judge                          certificates, keys and lists for a host (material.py)
  python -m strongswan.render names                          what customers' systems are called, for workers (JSON)
  python -m strongswan.render sheet CUSTOMER                 the tunnel sheet (Markdown)
  python -m strongswan.render staff windows|linux [PERSON]   a profile for a laptop
  python -m strongswan.render apple PERSON --authority CA.pem --identity ME.p12 --out FILE (password: standard input)
  python -m strongswan.render schema                         JSON Schema of a site file, for editors

Exit codes: 0 done, 65 a file is refused (each reason with file, line and remedy on standard error).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from strongswan.render import credentials, host, material, sheet, staff
from strongswan.render import manifest as listing
from strongswan.render.algorithms import HOME
from strongswan.render.house import House, load, sites_alone
from strongswan.render.names import names
from strongswan.render.problems import RefusedError
from strongswan.render.site import Site

PYTHON = "/opt/proforma-vpn/venv/bin/python"
REFUSED = 65  # EX_DATAERR


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m strongswan.render", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--gateway", type=Path, default=HOME / "gateway.example.yml", help="our end")
    top.add_argument("--sites", type=Path, default=HOME / "sites", help="folder of site files")
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("check")
    machine = commands.add_parser("host")
    machine.add_argument("--out", type=Path, required=True)
    machine.add_argument(
        "--keys", action="store_true", help="pre-shared keys, {customer: key} in JSON on standard input"
    )
    machine.add_argument("--trust", type=Path, help="folder with x509ca/ and x509crl/: what files name has to be there")
    machine.add_argument("--python", default=PYTHON, help="interpreter of the venv with `vici` on the VPN host")
    commands.add_parser("manifest").add_argument("--python", default=PYTHON)
    commands.add_parser("judge")
    commands.add_parser("names")
    commands.add_parser("sheet").add_argument("customer")
    laptop = commands.add_parser("staff")
    laptop.add_argument("system", choices=["windows", "linux"])
    laptop.add_argument("person", nargs="?", default="")
    laptop.add_argument("--method", choices=["pubkey", "eap-tls"], default="pubkey")
    telephone = commands.add_parser("apple")
    telephone.add_argument("person")
    for name in ("--authority", "--identity", "--out"):
        telephone.add_argument(name, type=Path, required=True)
    commands.add_parser("schema")
    return top


def run(options: argparse.Namespace) -> str:
    """What goes to standard output. Raises RefusedError."""
    if options.command == "schema":
        return json.dumps(Site.model_json_schema(), indent=2)
    if options.command == "manifest":
        return json.dumps(listing.manifest(json.load(sys.stdin), options.python))
    if options.command == "judge":
        return judged(json.load(sys.stdin))
    if options.command == "names":
        return json.dumps(names(sites_alone(options.sites.glob("*.yml"))))
    house = load(options.gateway, options.sites.glob("*.yml"))
    if options.command == "check":
        return f"{len(house.sites)} sites may be used: {', '.join(site.customer for site in house.sites)}"
    if options.command == "host":
        return for_host(house, options)
    if options.command == "sheet":
        return sheet.sheet(house, house.site(options.customer))
    return for_laptop(house, options)


def judged(given: dict[str, Any]) -> str:
    """Of {from: directory of a rotation, host: its name, held: what it has}."""
    shelf = material.from_rotation(Path(given["from"]), given["host"])
    return f"{material.judge(shelf, material.from_host(given['held']))} new files may be copied"


def for_host(house: House, options: argparse.Namespace) -> str:
    """Nothing is written unless every key and every authority that a file names is at hand."""
    keys = json.load(sys.stdin) if options.keys else None
    credentials.check(house, options.gateway, options.sites, keys, options.trust)
    paired = house.gateway.pair is not None
    written = write(options.out, host.files(house) | host.units(options.python, paired=paired))
    if keys is not None:
        credentials.write(house, keys, options.out / "secrets")
    return written


def for_laptop(house: House, options: argparse.Namespace) -> str:
    if options.command == "apple":
        password = sys.stdin.readline().rstrip("\n")
        files = options.authority.read_bytes(), options.identity.read_bytes()
        options.out.touch(mode=0o600)
        options.out.write_bytes(staff.apple(house, options.person, *files, password))
        return f"{options.out} holds the person's key: hand it over as you would the key."
    if options.system == "windows":
        return staff.windows(house)
    return staff.linux(house, options.person, options.method)


def write(folder: Path, files: dict[str, str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return "\n".join(str(folder / name) for name in files)


def main(arguments: list[str]) -> int:
    try:
        sys.stdout.write(f"{run(parser().parse_args(arguments))}\n")
    except RefusedError as refused:
        sys.stderr.write(f"{refused}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
