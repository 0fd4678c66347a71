"""What must never become an image: Packer is made to bake it, its own checks refuse, and no image is registered.

The machine is an instance of the image that was just baked. So all that `ansible/playbooks/image.yml` would do is done,
and in its place stands a playbook that spoils something.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scripts.rehearse_lib import image_builds, image_records, moto
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.image_builds import Build

REFUSED = "0.0.2"


@dataclass(frozen=True, slots=True)
class Spoiled:
    """`tasks`: of the playbook. `cleans`: whether there is a clean-up. `said`: beginnings of what has to be told."""

    what: str
    tasks: tuple[dict[str, Any], ...]
    cleans: bool
    said: tuple[str, ...]


SPOILED = {
    "portal": Spoiled(
        "a secret, and a missing user",
        (
            {"ansible.builtin.copy": {"content": "secret", "dest": "/etc/credstore/proforma.planted", "mode": "0600"}},
            {"ansible.builtin.user": {"name": "proforma-migrate", "state": "absent"}},
        ),
        cleans=True,
        said=(
            "something of an installation is here, perhaps a secret (/etc/credstore/proforma.planted)",
            "the user proforma-migrate is missing, or may sign in",
        ),
    ),
    "vpn": Spoiled(
        "keys and identity of a host that was not cleaned",
        (),
        cleans=False,
        said=("ssh host keys are left", "the machine has an identity", "somebody could still get in"),
    ),
}


def refused(cloud: moto.Cloud, build: Build, place: Path) -> str:
    """What was refused. `build`: of the instance. Raises RehearsalError when nothing is, or something else."""
    spoiled = SPOILED[build.wanted.kind]
    image_builds.templates(place)
    _spoil(place, spoiled)
    wanted = replace(build.wanted, version=REFUSED)
    done = image_builds.run(replace(build, wanted=wanted, place=place), cloud.endpoint)
    told = [line.partition("FAULT: ")[2] for line in (done.stdout + done.stderr).splitlines() if "FAULT: " in line]
    untold = [one for one in spoiled.said if not any(line.startswith(one) for line in told)]
    # all else that was asked of the image holds on its instance, too; without the clean-up much more is told
    others = [line for line in told if spoiled.cleans and not line.startswith(spoiled.said)]
    if done.returncode == 0 or untold or others:
        said = (done.stdout + done.stderr)[-4000:]
        raise RehearsalError(f"Packer ended with {done.returncode}; not told: {untold}; told as well: {others}\n{said}")
    if images := image_records.registered(cloud, wanted):
        raise RehearsalError(f"The checks refused {spoiled.what}, and Packer registered {images}")
    return spoiled.what


def _spoil(place: Path, spoiled: Spoiled) -> None:
    """In that copy of the templates, and in it alone."""
    ansible = place / "ansible"
    original = ansible.resolve()
    ansible.unlink()
    ansible.mkdir()
    for path in original.iterdir():
        (ansible / path.name).symlink_to(path)
    (ansible / "playbooks").unlink()
    (ansible / "playbooks").mkdir()
    play = {"hosts": "all", "become": True, "gather_facts": False, "tags": "bake", "tasks": list(spoiled.tasks)}
    (ansible / "playbooks/image.yml").write_text(json.dumps([play]))
    if not spoiled.cleans:
        (place / "packer/files/clean.sh").write_text("#!/bin/sh\n")
