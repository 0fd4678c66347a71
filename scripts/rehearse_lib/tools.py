"""Terraform and its provider: what a user has set up, else a mirror on this machine, else the registry."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.rehearse_lib.errors import MissingError

PROVIDER = Path("registry.terraform.io/hashicorp/aws")
USUAL = (
    Path.home() / ".terraform.d/plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
)
ELSEWHERE = (Path("/opt"), Path("/usr/local"), Path("/usr/share"), Path("/srv"), Path("/var/lib"), Path.home())
DEEP = 4
"""folders below ELSEWHERE that are looked through; a mirror lies near the top"""


def terraform() -> str:
    found = shutil.which("terraform")
    if found is None:
        raise MissingError(
            "terraform is not on PATH. Install 1.11 or later: https://developer.hashicorp.com/terraform/install"
        )
    return found


def version() -> str:
    """For example "Terraform v1.11.4"."""
    done = subprocess.run([terraform(), "version"], capture_output=True, text=True, check=True, env=bare())
    return done.stdout.splitlines()[0]


def bare() -> dict[str, str]:
    """Our environment for terraform. A TF_CLI_CONFIG_FILE that is not there would only make it warn."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_", "TF_CLI_ARGS", "TF_LOG"))
    }
    if not Path(environment.get("TF_CLI_CONFIG_FILE", "/")).is_file():
        environment["TF_CLI_CONFIG_FILE"] = os.devnull
    return environment | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def plugin_options() -> list[str]:
    """Options of `terraform init`: the mirror's directory; none when the user's own or the registry serves."""
    own = Path(os.environ.get("TF_CLI_CONFIG_FILE", Path.home() / ".terraformrc"))
    mirror = None if own.is_file() else next(mirrors(), None)
    return [f"-plugin-dir={mirror}"] if mirror else []


def mirrors() -> Iterator[Path]:
    """Folders that hold the provider in the layout of a file-system mirror."""
    yield from (place for place in USUAL if (place / PROVIDER).is_dir())
    for place in ELSEWHERE:
        yield from _below(place, DEEP)


def _below(place: Path, deep: int) -> Iterator[Path]:
    if (place / PROVIDER).is_dir():
        yield place
    elif deep:
        try:
            inner = [entry for entry in place.iterdir() if entry.is_dir() and not entry.is_symlink()]
        except OSError:
            return
        for entry in sorted(inner):
            yield from _below(entry, deep - 1)
