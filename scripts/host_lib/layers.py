"""Layers: what a host changed, kept to start other hosts from, such as the packages that a role installs.

CACHE/layers/NAME/root holds the changes, about.json which build of the base and which layers lie below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.host_lib import bases, locks, places
from scripts.host_lib.errors import AbsentError, RefusedError
from scripts.host_lib.shell import remove_tree, run

_FORGOTTEN = (
    *("etc/machine-id", "var/lib/dbus/machine-id", "etc/hostname", "etc/hosts", "etc/resolv.conf"),
    *("root/.ssh/authorized_keys", "var/lib/systemd/random-seed"),
)
_EMPTIED = ("var/log/journal", "var/cache/apt/archives", "tmp", "var/tmp", "run")


@dataclass(frozen=True, slots=True)
class Layer:
    """`below`: the layers it grew on, the topmost first."""

    name: str
    base: str
    base_made: str
    below: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        return directory(self.name) / "root"


def directory(name: str) -> Path:
    return places.cache() / "layers" / places.checked(name, "layer")


def find(name: str) -> Layer:
    """Raises AbsentError."""
    try:
        found = json.loads((directory(name) / "about.json").read_text())
    except FileNotFoundError:
        remedy = "./scripts/host layer list shows those that are there; a directory is named by a path with a slash."
        raise AbsentError(f"There is no layer '{name}'.", where="--layer", remedy=remedy) from None
    return Layer(**found | {"below": tuple(found["below"])})


def kept() -> Iterator[Layer]:
    for path in sorted((places.cache() / "layers").glob("*/about.json")):
        if not path.parent.name.endswith(".new"):
            yield find(path.parent.name)


def chain(given: list[str], base: bases.Base) -> tuple[str, ...]:
    """The layers to put on a base, with those below them, the topmost first. The last one named is topmost.

    Raises AbsentError, and RefusedError for a layer of another base or build of it.
    """
    found: list[str] = []
    for name in given:
        below = _directory_layer(name) if "/" in name else _named(name, base)
        found = [*below, *(one for one in found if one not in below)]
    return tuple(found)


def _directory_layer(path: str) -> list[str]:
    tree = Path(path).absolute()
    if not tree.is_dir() or set(str(tree)) & set(":,\\"):
        remedy = "Name a directory whose path has no colon, comma or backslash."
        raise AbsentError(f"'{path}' cannot be a layer.", where="--layer", remedy=remedy)
    return [str(tree)]


def _named(name: str, base: bases.Base) -> list[str]:
    layer = find(name)
    if (layer.base, layer.base_made) != (base.suite, base.made):
        what = f"The layer '{name}' grew on {layer.base} of {layer.base_made}, not on {base.suite} of {base.made}."
        remedy = f"Make it again, or choose --base {layer.base}; ./scripts/host layer remove {name} discards it."
        raise RefusedError(what, where="--layer", remedy=remedy)
    return [name, *layer.below]


def trees(chained: tuple[str, ...]) -> list[Path]:
    return [Path(name) if "/" in name else find(name).root for name in chained]


def save(layer: Layer, upper: Path) -> None:
    """Keep a copy of `upper`, the disk of a host that is off, without what belongs to that one host."""
    place = directory(layer.name)
    with locks.held(place.with_name(f"{layer.name}.lock")):
        _refuse_in_use(layer.name)
        aside = place.with_name(f"{layer.name}.new")
        remove_tree(aside)
        aside.mkdir(parents=True, mode=0o755)
        run("cp", "--archive", "--reflink=auto", str(upper), str(aside / "root"))
        _forget(aside / "root")
        (aside / "about.json").write_text(json.dumps(asdict(layer)) + "\n")
        remove_tree(place)
        aside.rename(place)


def _forget(root: Path) -> None:
    """What is taken away shows the base's own again."""
    for path in (*(root / name for name in _FORGOTTEN), *root.glob("etc/ssh/ssh_host_*")):
        if not path.is_dir():
            path.unlink(missing_ok=True)
    for name in _EMPTIED:
        remove_tree(root / name)


def remove(name: str) -> bool:
    """Whether there was one. Raises RefusedError while a host stands on it."""
    place = directory(name)
    with locks.held(place.with_name(f"{name}.lock")):
        _refuse_in_use(name)
        there = place.exists()
        remove_tree(place)
    place.with_name(f"{name}.lock").unlink(missing_ok=True)
    return there


def _refuse_in_use(name: str) -> None:
    leases = [p for p in places.state().glob("*/*/host.json") if name in json.loads(p.read_text())["layers"]]
    above = [one.name for one in kept() if name in one.below]
    if leases or above:
        users = ", ".join([*(f"host {p.parent.parent.name}/{p.parent.name}" for p in leases), *above])
        remedy = "Remove these first: down NAME --purge, layer remove NAME."
        raise RefusedError(f"The layer '{name}' is in use by {users}.", where="layer", remedy=remedy)
