"""Files and a script for a host: written in one go, the script run after them; harmless when done again."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.host_lib import boot
from scripts.host_lib.places import Place
from scripts.lab_lib.errors import LabError

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    mode: int = 0o644


@dataclass
class Given:
    """`files`: absolute path -> file, root's; `script`: for bash, after the files are there."""

    files: dict[str, File] = field(default_factory=dict)
    script: str = ""

    def text(self, path: str, content: str, mode: int = 0o644) -> None:
        self.files[path] = File(content.encode(), mode)

    def copy(self, path: str, source: Path, mode: int = 0o644) -> None:
        self.files[path] = File(source.read_bytes(), mode)


def hosts_file(name: str, names: Mapping[str, str]) -> str:
    own = f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n"
    return own + "".join(f"{address} {known}\n" for known, address in names.items())


def give(place: Place, given: Given) -> None:
    """Raises LabError with the end of what the script said."""
    _run(place, ["tar", "--extract", "--directory=/", "--no-overwrite-dir", "--file=-"], _packed(given.files), "files")
    if given.script:
        _run(place, ["bash", "-s"], f"set -eu\n{given.script}".encode(), "set-up")


def _packed(files: Mapping[str, File]) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        for path, file in sorted(files.items()):
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(file.content), file.mode
            archive.addfile(member, io.BytesIO(file.content))
    return into.getvalue()


def _run(place: Place, command: list[str], given: bytes, what: str) -> None:
    line = [*boot.entering(place), *command]
    done = subprocess.run(line, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120)
    if done.returncode:
        end = "\n".join(done.stdout.decode(errors="replace").strip().splitlines()[-15:])
        remedy = f"./scripts/lab shell {place.name}"
        raise LabError(f"{what} failed (exit code {done.returncode}):\n{end}", where=place.name, remedy=remedy)
