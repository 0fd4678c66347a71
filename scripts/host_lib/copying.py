"""Files into a host and out of it, through its own namespaces: a symbolic link in the host leads nowhere else."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.host_lib import boot
from scripts.host_lib.errors import HostError, UsageError
from scripts.host_lib.places import Group, Place

_INTO_FILE = 'case $1 in */) set -- "$1$2" "$2" "$3";; esac; [ ! -d "$1" ] || set -- "$1/$2" "$2" "$3"; '
_INTO_FILE += 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$3" "$1"'
_INTO_FOLDER = 'mkdir -p "$1" && exec tar -C "$1" -x --numeric-owner --no-same-owner -f -'


def copy(group: Group, source: str, target: str) -> None:
    """One of them is NAME:PATH. A directory's content goes into the target, a file to it, or into it if it is one.

    Raises UsageError, AbsentError, HostError.
    """
    (host_from, path_from), (host_to, path_to) = _parted(source), _parted(target)
    if bool(host_from) == bool(host_to):
        raise UsageError("One side must be a host.", where="copy", remedy="For example: copy FILE web:/etc/FILE")
    if host_to:
        _into(group.place(host_to), Path(path_from), path_to)
    else:
        _out_of(group.place(host_from), path_from, Path(path_to))


def _parted(text: str) -> tuple[str, str]:
    """(host, path); without a host when a slash comes first, as in ./a:b."""
    front, colon, path = text.partition(":")
    return (front, path) if colon and "/" not in front else ("", text)


def _into(place: Place, source: Path, target: str) -> None:
    inside = boot.entering(place)
    if not source.exists():
        raise UsageError(f"There is no '{source}'.", where="copy", remedy="Name a file or a directory.")
    if source.is_dir():
        _pipe(["tar", "-C", str(source), "-c", "-f", "-", "."], [*inside, "sh", "-c", _INTO_FOLDER, "copy", target])
        return
    mode = oct(source.stat().st_mode & 0o7777)[2:]
    _pipe(["cat", "--", str(source)], [*inside, "sh", "-c", _INTO_FILE, "copy", target, source.name, mode])


def _out_of(place: Place, source: str, target: Path) -> None:
    inside = boot.entering(place)
    if subprocess.run([*inside, "test", "-d", source], check=False).returncode == 0:
        target.mkdir(parents=True, exist_ok=True)
        _pipe([*inside, "tar", "-C", source, "-c", "-f", "-", "."], ["tar", "-C", str(target), "-x", "-f", "-"])
        return
    _pipe([*inside, "cat", "--", source], ["sh", "-c", f"{_INTO_FILE}", "copy", str(target), Path(source).name, "644"])


def _pipe(one: Sequence[str], other: Sequence[str]) -> None:
    with subprocess.Popen(one, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as writing:
        reading = subprocess.run(other, stdin=writing.stdout, check=False)
    if writing.returncode or reading.returncode:
        failed = one if writing.returncode else other
        raise HostError(
            "It was not copied (see above).", where=shlex.join(failed[-4:]), remedy="Mend it and copy again."
        )
