"""The hosts of one molecule scenario, by ./scripts/host's own parts. Called by ansible/molecule/shared/*.yml.

A platform in molecule.yml: `name`, `base`, and if need be `groups` (of the inventory) and `attachments` (each as for
`host up --network`; molecule takes `networks` for something else).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from scripts.ansible_lib import baking
from scripts.host_lib import boot, hosts, network, places, spec
from scripts.host_lib.errors import HostError


def create() -> None:
    """Boot all platforms on their layers and tell molecule how to reach them."""
    scratch = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
    key = baking.make_key(scratch)
    network.online(places.group())
    leases = {one["name"]: _up(one, key) for one in _platforms()}
    for name in leases:
        boot.wait(places.group().place(name))
    described = [_described(name, lease, key) for name, lease in leases.items()]
    Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).write_text(yaml.safe_dump(described))


def prepare() -> None:
    """Cut the hosts off from the internet; this machine still reaches them."""
    network.offline(places.group())


def destroy() -> None:
    """Remove all hosts of the scenario, also those of a run that was killed."""
    hosts.down_all(places.group(), purge=True, now=True)
    Path(os.environ["MOLECULE_INSTANCE_CONFIG"]).unlink(missing_ok=True)


def _platforms() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(Path(os.environ["MOLECULE_FILE"]).read_text())["platforms"]
    return found


def _up(platform: dict[str, Any], key: Path) -> spec.Spec:
    scenario = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
    layer = baking.ensure(scenario.name, platform["base"], scenario / "converge.yml", platform.get("groups", ()))
    more = spec.attachments(list(platform.get("attachments", ())))
    public = key.with_suffix(".pub").read_text().strip()
    wanted = baking.online_host(platform["base"], public, chain=[layer], more=more)
    lease, _ = hosts.up(places.group().place(platform["name"]), wanted)
    return lease


def _described(name: str, lease: spec.Spec, key: Path) -> dict[str, str]:
    where = baking.address(lease)
    return {"instance": name, "address": where, "user": "root", "port": "22", "identity_file": str(key)}


def group_of(scenario: str) -> str:
    """Of its own, so that a scenario and other hosts of this machine never meet; at most twenty characters."""
    return f"{os.environ.get('PROFORMA_HOSTS_GROUP') or 'mol'}-{scenario}"[:20].rstrip("-")


COMMANDS = {"create": create, "prepare": prepare, "destroy": destroy}


def main(command: str) -> int:
    os.umask(0o022)
    os.environ["PROFORMA_HOSTS_GROUP"] = group_of(os.environ["MOLECULE_SCENARIO_NAME"])
    try:
        COMMANDS[command]()
    except HostError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
