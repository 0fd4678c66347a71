"""Builds the Lambdas' zips, reproducibly: the same sources give the same bytes on every machine.

Nothing of the machine gets in: files in the order of their names, one date, one mode, and no compression, since
versions of zlib differ in what they make of the same bytes. A zip holds `lambdas/__init__.py`, `lambdas/shared/` and
the function's own folder, so that modules are named and imported as in the repository; boto3 comes with Lambda.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
SHARED = "shared"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""the earliest that a zip can say"""
MODE = 0o100644 << 16
UNIX = 3


def names(app: Path = APP) -> list[str]:
    """Folders of app/lambdas that hold a handler."""
    return sorted(path.parent.name for path in (app / "lambdas").glob("*/handler.py"))


def sources(name: str, app: Path = APP) -> list[Path]:
    """Every Python file of a function's zip, in the order in which it stands there."""
    folders = (app / "lambdas" / SHARED, app / "lambdas" / name)
    found = [app / "lambdas/__init__.py", *(path for folder in folders for path in folder.rglob("*.py"))]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def pack(name: str, app: Path = APP) -> bytes:
    """The zip of one function."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for path in sources(name, app):
            entry = zipfile.ZipInfo(path.relative_to(app).as_posix(), EPOCH)
            entry.create_system, entry.external_attr = UNIX, MODE
            archive.writestr(entry, path.read_bytes())
    return data.getvalue()


def build(out: Path, app: Path = APP) -> Iterator[tuple[str, int, str]]:
    """Each zip, written whole or not at all: (file, bytes, SHA-256 in base64, as Terraform's source_code_hash is)."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names(app):
        data, path = pack(name, app), out / f"{name}.zip"
        aside = path.with_suffix(".part")
        aside.write_bytes(data)
        aside.replace(path)
        yield path.name, len(data), base64.b64encode(hashlib.sha256(data).digest()).decode()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./scripts/lambdas", description="The Lambdas' zips, reproducible.")
    commands = parser.add_subparsers(dest="command", required=True)
    builder = commands.add_parser("build", help="write one <name>.zip a function; print name, bytes, SHA-256 in base64")
    builder.add_argument("--out", type=Path, default=ROOT / "out/lambdas", metavar="DIR", help="out/lambdas")
    options = parser.parse_args(arguments)
    for name, size, digest in build(options.out):
        sys.stdout.write(f"{name:<20} {size:>7}  {digest}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
