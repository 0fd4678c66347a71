#!/usr/bin/python
"""Ansible module: what a VPN host has of authorities, lists, certificates and keys; of keys the public half alone.

Answers `held`: folder of swanctl -> name -> content in base64. It changes nothing.
"""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

PUBLIC = ("x509ca", "x509crl", "x509")
KEYS = "private"


def files(folder: Path) -> list:
    return sorted(path for path in folder.glob("*") if path.is_file())


def half(key: Path) -> bytes:
    """b"" of what is no key, or has a passphrase."""
    command = ["openssl", "pkey", "-pubout", "-passin", "pass:", "-in", str(key)]
    return subprocess.run(command, capture_output=True, check=False).stdout


def told(content: bytes) -> str:
    return base64.b64encode(content).decode()


def held(home: Path) -> dict:
    found = {name: {path.name: told(path.read_bytes()) for path in files(home / name)} for name in PUBLIC}
    halves = {path.name: half(path) for path in files(home / KEYS)}
    return found | {KEYS: {name: told(one) for name, one in halves.items() if one}}


def main() -> None:
    module = AnsibleModule({"home": {"type": "path", "default": "/etc/swanctl"}}, supports_check_mode=True)
    module.exit_json(changed=False, held=held(Path(module.params["home"])))


if __name__ == "__main__":
    main()
