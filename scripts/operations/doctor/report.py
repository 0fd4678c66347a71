"""What the doctor hands over: words for people, JSON for programs, one file for support. No secret is in any."""

from __future__ import annotations

import io
import json
import socket
import tarfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.operations.doctor.host import ERROR, Finding, Host
from scripts.proforma_install.log import redacted

SHORTEST_SECRET = 8
LOOKS = {
    "units.txt": (
        "systemctl",
        "list-units",
        "--no-pager",
        "--all",
        "proforma-*",
        "vpn-*",
        "nginx*",
        "strongswan*",
        "nftables*",
    ),
    "failed.txt": ("systemctl", "list-units", "--failed", "--no-pager"),
    "disk.txt": ("df", "-h"),
    "memory.txt": ("free", "-m"),
    "addresses.txt": ("ip", "-br", "address"),
    "routes.txt": ("ip", "route", "show", "table", "all"),
    "listening.txt": ("ss", "-tulpn"),
    "firewall.txt": ("nft", "list", "ruleset"),
    "time.txt": ("timedatectl",),
    "releases.json": ("/usr/local/sbin/proforma-install", "list", "--json"),
    "tunnels.txt": ("swanctl", "--list-sas"),
    "journal.txt": (
        "journalctl",
        "--no-pager",
        "-n",
        "400",
        "-u",
        "proforma-*",
        "-u",
        "vpn-*",
        "-u",
        "nginx",
        "-u",
        "strongswan",
    ),
    "errors.txt": ("journalctl", "--no-pager", "-n", "200", "-p", "err"),
}
FILES = (
    "/etc/os-release", "/etc/proforma/portal.env", "/etc/proforma/current-release", "/etc/proforma/doctor.json",
    "/run/proforma-monitor/status.json", "/run/proforma-status/status.json", "/run/proforma-vpn/state.json",
    "/run/proforma-vpn/pair.json", "/var/lib/proforma-backup/status.json",
)  # fmt: skip


class Redactor:
    """Takes out what looks like a secret, and every secret that lies on this host wherever it appears."""

    def __init__(self, host: Host) -> None:
        values: set[str] = set()
        for path in host.root.glob("etc/credstore/*"):
            text = host.read(f"/{path.relative_to(host.root)}").strip()
            password = urlsplit(text).password or "" if "\n" not in text and "://" in text else ""
            values |= {text, password, unquote(password)}
        for path in (host.root / "etc/proforma/credentials").rglob("*.json"):
            found = host.json(f"/{path.relative_to(host.root)}")
            values |= {str(value) for value in found.values()}
        self._values = sorted((v for v in values if len(v) >= SHORTEST_SECRET), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for value in self._values:
            text = text.replace(value, "***")
        return "\n".join(redacted(line) for line in text.split("\n"))


def as_dict(host: Host, findings: Sequence[Finding]) -> dict[str, object]:
    """The report of one host."""
    about = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": socket.gethostname(),
        "code": code(findings),
    }
    return about | {"findings": [asdict(one) for one in findings], "facts": host.facts}


def code(findings: Sequence[Finding]) -> int:
    """0 nothing found, 1 warnings, 2 errors."""
    return 0 if not findings else 2 if any(one.level == ERROR for one in findings) else 1


def words(findings: Sequence[Finding], checks: Sequence[str]) -> str:
    name = socket.gethostname()
    if not findings:
        return f"{name}: nothing found. Looked at: {', '.join(checks)}.\n"
    return "".join(f"{one}\n" for one in findings) + f"{name}: {len(findings)} findings.\n"


def bundle(host: Host, findings: Sequence[Finding], hide: Redactor) -> bytes:
    """A tar.gz in memory: a full disk is no reason to have no report."""
    said = {name: host.run(*command) for name, command in LOOKS.items()}
    parts = {name: hide(one.out + one.err) for name, one in said.items()}
    parts |= {f"files{name}": hide(host.read(name)) for name in FILES if host.path(name).is_file()}
    parts["report.json"] = hide(json.dumps(as_dict(host, findings), indent=1))
    parts["report.txt"] = hide(words(findings, ()))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in sorted(parts.items()):
            info, data = tarfile.TarInfo(f"doctor-{socket.gethostname()}/{name}"), text.encode()
            info.size, info.mtime, info.mode = len(data), int(time.time()), 0o600
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def write(path: Path, data: bytes) -> Path:
    """Where it went: in memory (/run) when the disk is full. For root alone."""
    for place in (path, Path("/run") / path.name):
        try:
            place.touch(mode=0o600)
            place.write_bytes(data)
            return place
        except OSError:
            continue
    raise OSError(None, "neither there nor in /run can be written", str(path))
