"""What the scenario's hosts trust and are: authorities, lists, certificates and keys, good for a day."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.vpn.certificates import Authority

GATEWAYS = ("vpn.provider.example", "vpn.customer.example")


def main(folder: Path) -> None:
    if (folder / "trust").exists():
        return
    made = {name: Authority(f"Scenario {name}") for name in ("gateways", "staff")}
    for part in ("trust/x509ca", "trust/x509crl"):
        (folder / part).mkdir(parents=True)
    for name, authority in made.items():
        (folder / f"trust/x509ca/{name}-ca.pem").write_bytes(authority.certificate)
        (folder / f"trust/x509crl/{name}.pem").write_bytes(authority.revocation_list())
    for identity in GATEWAYS:
        holder = made["gateways"].issue(identity)
        (folder / f"{identity}.pem").write_bytes(holder.certificate)
        (folder / f"{identity}.key").write_bytes(holder.key)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
