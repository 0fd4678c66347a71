"""What one lab is told: its secrets, made once and kept in its state, and the site files as they are used in it."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from dataclasses import dataclass
from typing import Any

import yaml

from scripts.lab_lib.places import ROOT, Lab
from scripts.lab_lib.topology import BY_NAME, INTAKE_ADDRESS, PRIVATE_SERVICE_ADDRESS, ROUTER_ADDRESS
from strongswan.render.house import House, load

EXAMPLES = ROOT / "strongswan"
MOVED = {"198.51.100.20": "192.0.2.10", "10.30.0.": "10.50.60.", "ours: intake": "ours: portal"}
"""customer B in the example and in the lab: no provider of A's, and an inbox as on premises, where there is no API"""
NAMES = (
    *("secret_key", "pseudonym_key", "database_owner", "database_app", "database_backup", "psk_b", "heartbeat"),
    *("a_source", "a_sap", "a_inbound", "b_source", "b_sap", "b_inbound"),
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Name -> secret; the same as long as the lab's state lives."""

    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self.values)})"


def secrets_of(lab: Lab) -> Secrets:
    lab.private(lab.state)
    known = json.loads(lab.secrets.read_text()) if lab.secrets.exists() else {}
    missing = {name: secrets.token_urlsafe(36) for name in NAMES if name not in known}
    if missing:
        draft = lab.secrets.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(known | missing))
        draft.rename(lab.secrets)
    return Secrets(known | missing)


def credentials(found: Secrets) -> dict[str, dict[str, str]]:
    """Reference -> what the worker signs in with at a customer's systems."""
    return {
        f"customers/example-{letter}/{door}": {"username": f"proforma-{door}", "password": found[f"{letter}_{door}"]}
        for letter in "ab"
        for door in ("source", "sap")
    }


def inbound(found: Secrets) -> dict[str, dict[str, str]]:
    """Reference -> what a customer's SAP signs in with at the portal's inbox."""
    return {
        f"customers/example-{letter}/inbound": {"username": f"sap-{letter}", "password": found[f"{letter}_inbound"]}
        for letter in "ab"
    }


def backup_recipient(lab: Lab) -> str:
    """The public key for which backups are sealed; its private half stays in the lab's state, as in a safe."""
    identity = lab.backup_identity
    if not identity.exists():
        lab.private(identity.parent)
        made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
        identity.touch(mode=0o600)
        identity.write_text(made)
    return next(line.split()[-1] for line in identity.read_text().splitlines() if "public key" in line)


def gateway(name: str = "vpn-a") -> dict[str, Any]:
    """Our end on one of the two VPN hosts: the example of the repository, with what is otherwise in the lab."""
    ours: dict[str, Any] = yaml.safe_load((EXAMPLES / "gateway.example.yml").read_text())
    other = {"vpn-a": "vpn-b", "vpn-b": "vpn-a"}[name]
    ours["esp"] = "user-space"
    ours["private"].pop("router", None)
    ours["private"]["address"] = _private(name)
    ours["hosts"] |= {"worker": f"{BY_NAME['worker'].address}/32", "intake": f"{INTAKE_ADDRESS}/32"}
    ours["management"] = {"ssh_from": [], "peer": _private(other)}
    ours["pair"] = {
        "name": name,
        "preferred": name == "vpn-a",
        "driver": "ip",
        "private_service_address": PRIVATE_SERVICE_ADDRESS,
        "witness": ROUTER_ADDRESS,
    }
    return ours


def _private(name: str) -> str:
    return BY_NAME[name].nets[1].addresses[0].partition("/")[0]


def write_sites(lab: Lab) -> None:
    """The examples of the repository; customer B stands elsewhere in the lab."""
    folder = lab.state / "sites"
    folder.mkdir(exist_ok=True)
    for example in sorted((EXAMPLES / "sites").glob("example-*.yml")):
        text = example.read_text()
        if example.stem == "example-b":
            for ours, theirs in MOVED.items():
                text = re.sub(re.escape(ours), theirs, text)
        (folder / example.name).write_text(text)


def house(lab: Lab) -> House:
    """Both customers and our end, checked as a VPN host's are. Raises RefusedError."""
    file = lab.state / "gateway.yml"
    file.write_text(yaml.safe_dump(gateway()))
    return load(file, sorted((lab.state / "sites").glob("*.yml")))
