"""A Debian 12 host with the roles that every host has, for OpenSCAP: there are no rules for Debian 13 yet.

It is none of the lab's hosts, and gone when it has been judged.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from scripts.ansible_lib import baking
from scripts.audit_lib import openscap
from scripts.audit_lib.findings import Audit
from scripts.host_lib import bases, boot
from scripts.host_lib.places import Group
from scripts.host_lib.shell import run

BASE = "bookworm"
PLAYBOOK = baking.ANSIBLE / "molecule/platform/converge.yml"
SCANNER = "export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -qy openscap-scanner"


def audited() -> Audit:
    """What OpenSCAP says of it. Raises HostError."""
    bases.build(BASE)
    with tempfile.TemporaryDirectory() as scratch:
        key = baking.make_key(Path(scratch))
        os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] = scratch  # where the playbook looks for the key
        try:
            with baking.fresh(Group(f"scap-{os.getpid() % 100000}"), BASE, key) as (host, where):
                run(*boot.entering(host), "sh", "-c", SCANNER)
                inventory = baking.write_inventory(Path(scratch), {host.name: (where, ("portal",))}, key)
                baking.play(PLAYBOOK, inventory, "--tags", "bake")
                baking.play(PLAYBOOK, inventory)
                return openscap.audit(host)
        finally:
            del os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]
