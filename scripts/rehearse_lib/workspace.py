"""The copy that is applied: terraform/ as it is, site files, the functions' zips, and what only a rehearsal needs."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts import lambdas
from scripts.rehearse_lib import commands

ROOT = Path(__file__).resolve().parent.parent.parent
OVERRIDES = Path("rehearsal/overrides")
_GUARD = re.compile(r"prevent_destroy\s*=\s*true")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A directory with `terraform/`, `strongswan/sites/` and `out/lambdas/`, where the code looks for them."""

    place: Path

    @property
    def root(self) -> Path:
        return self.place / "terraform"

    @property
    def bootstrap(self) -> Path:
        return self.root / "bootstrap"

    def lift_guards(self) -> int:
        """Terraform's own guard against destroying, taken from the copy; how many there were."""
        return sum(_lift(path) for path in self.root.rglob("*.tf") if ".terraform" not in path.parts)


def make(place: Path, source: Path = ROOT) -> Workspace:
    """Copy, and lay the override files over the modules they name. `source`: the repository, or a release of it."""
    ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "rehearsal")
    shutil.copytree(source / "terraform", place / "terraform", ignore=ignored)
    shutil.copytree(source / "strongswan/sites", place / "strongswan/sites")
    list(lambdas.build(place / "out/lambdas", source / "app"))
    commands.note("./scripts/lambdas", "build")
    overrides = source / "terraform" / OVERRIDES
    for path in sorted(overrides.rglob("*.tf")):
        shutil.copy(path, place / "terraform" / path.relative_to(overrides))
    return Workspace(place)


def _lift(path: Path) -> int:
    text, count = _GUARD.subn("prevent_destroy = false", path.read_text())
    if count:
        path.write_text(text)
    return count
