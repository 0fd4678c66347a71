"""Packs the programs for hosts, each as one file for Debian's python3: `python -m scripts.operations.pack --out DIR`"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EPOCH = (1980, 1, 1, 0, 0, 0)
"""the earliest time that a zip knows: the same sources make the same bytes"""
COMMON = ("scripts/operations/*.py", "scripts/proforma_install/log.py")
PROGRAMS = {
    "proforma-backup": ("backup", "scripts.operations.backup.make_main"),
    "proforma-restore": ("backup", "scripts.operations.backup.restore_main"),
    "proforma-doctor": ("doctor", "scripts.operations.doctor.__main__"),
    "proforma-ship": ("ship", "scripts.operations.ship.__main__"),
}
EXTRA = {"backup": ("scripts/proforma_install/trust.py", "scripts/proforma_install/errors.py")}
"""whose signatures are trusted is decided in one place, for releases and for backups"""
PACKAGES = ("scripts", "scripts/proforma_install")
"""packages whose own __init__ is not wanted on a host"""


def packed(name: str) -> bytes:
    """One program: a zip with a first line that starts it."""
    folder, module = PROGRAMS[name]
    patterns = (*COMMON, *EXTRA.get(folder, ()), f"scripts/operations/{folder}/*.py")
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.name != "pack.py"}
    files = {str(path.relative_to(ROOT)): path.read_bytes() for path in found}
    files |= {f"{package}/__init__.py": b"" for package in PACKAGES}
    files["__main__.py"] = f"from {module} import main\n\nraise SystemExit(main())\n".encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path, EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            out.writestr(info, data)
    return b"#!/usr/bin/python3 -I\n" + archive.getvalue()


def pack(out: Path, names: Sequence[str] = tuple(PROGRAMS)) -> list[Path]:
    """Write the programs; one that is there with the same bytes is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        path, data = out / name, packed(name)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
        path.chmod(0o755)
    return [out / name for name in names]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.pack", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="repeatable; default: all")
    given = parser.parse_args()
    pack(given.out, given.program or tuple(PROGRAMS))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
