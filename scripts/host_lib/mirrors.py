"""Where Debian comes from: the machine's own apt configuration. Nothing of it is ever written into the repository."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.host_lib.errors import MachineError
from scripts.host_lib.shell import attempt

SUITES = ("bookworm", "trixie")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PASSED_ON = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until", "Acquire::Check-Date")


@dataclass(frozen=True, slots=True)
class Mirrors:
    main: str
    security: str

    def sources(self, suite: str) -> str:
        """deb822 sources of a host: the suite, its updates and its security updates."""
        return f"""Types: deb
URIs: {self.main}
Suites: {suite} {suite}-updates
Components: main
Signed-By: {KEYRING}

Types: deb
URIs: {self.security}
Suites: {suite}-security
Components: main
Signed-By: {KEYRING}
"""


def mirrors() -> Mirrors:
    """PROFORMA_HOSTS_MIRROR and PROFORMA_HOSTS_SECURITY_MIRROR, or what apt uses here. Raises MachineError."""
    main, security = (os.environ.get(f"PROFORMA_HOSTS_{kind}MIRROR") for kind in ("", "SECURITY_"))
    if not (main and security):
        _, said = attempt("apt-get", "--print-uris", "update")  # what is configured, downloaded already or not
        found = from_uris(said, _codename())
        main, security = main or found[0], security or found[1]
    if not (main and security):
        remedy = "Set PROFORMA_HOSTS_MIRROR and PROFORMA_HOSTS_SECURITY_MIRROR to the addresses of a Debian mirror."
        what = "The apt sources of this machine name no Debian mirror with security updates."
        raise MachineError(what, where="/etc/apt", remedy=remedy)
    return Mirrors(main, security)


def from_uris(said: str, codename: str) -> tuple[str, str]:
    """(main, security) out of the addresses that apt would update from; "" for what they do not name."""
    listed = re.findall(r"^'(\S+?)/dists/([^/\s]+)/InRelease'", said, re.MULTILINE)
    by_release = {release: address for address, release in listed}
    return by_release.get(codename, ""), by_release.get(f"{codename}-security", "")


def apt_settings() -> dict[str, str]:
    """What a host must know to reach the mirror in the same way: proxies and checks of dates, where they are set."""
    query = [part for number, name in enumerate(_PASSED_ON) for part in (f"V{number}", name)]
    _, said = attempt("apt-config", "shell", *query)
    lines = (line.partition("=") for line in said.splitlines() if line.startswith("V"))
    return {_PASSED_ON[int(name[1:])]: value.strip("'") for name, _, value in lines}


def _codename() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    found = [line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME=")]
    return found[0] if found else ""
