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
from scripts.host_lib import bases, boot, hosts, network
from scripts.host_lib.places import Group
from scripts.host_lib.shell import run
from scripts.host_lib.spec import UPLINK, Attachment, Spec

BASE = "bookworm"
PLAYBOOK = baking.ANSIBLE / "molecule/platform/converge.yml"
SCANNER = "export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -qy openscap-scanner"


def audited() -> Audit:
    """What OpenSCAP says of it. Raises HostError."""
    bases.build(BASE)
    group = Group(f"scap-{os.getpid() % 100000}")
    host = group.place("debian12")
    with tempfile.TemporaryDirectory() as scratch:
        key = baking.make_key(Path(scratch))
        os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] = scratch  # where the playbook looks for the key
        route = ("default", str(network.uplink(group).ip))
        public = key.with_suffix(".pub").read_text().strip()
        try:
            attachments = (Attachment(UPLINK, UPLINK),)
            lease, _ = hosts.up(host, Spec(BASE, attachments=attachments, routes=(route,), keys=(public,)))
            boot.wait(host)
            run(*boot.entering(host), "sh", "-c", SCANNER)
            inventory = baking.write_inventory(Path(scratch), {host.name: (baking.address(lease), ("portal",))}, key)
            baking.play(PLAYBOOK, inventory, "--tags", "bake")
            baking.play(PLAYBOOK, inventory)
            return openscap.audit(host)
        finally:
            del os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]
            hosts.down_all(group, purge=True, now=True)
