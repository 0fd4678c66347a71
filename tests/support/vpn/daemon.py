"""One charon in a namespace: a directory of its own on /run, because /run/charon.pid is compiled in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.vpn.certificates import Authority, Holder
from tests.support.vpn.namespaces import Namespaces
from tests.support.vpn.scenarios import until

FOLDERS = ("x509", "x509ca", "x509crl", "private", "secrets", "conf.d")
CHARON = "charon-systemd"


@dataclass
class Daemon:
    """`folder` holds swanctl.conf with its credentials, strongswan.conf, run/ with the socket, and charon's log."""

    host: str
    lab: Namespaces
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        for name in (*FOLDERS, "run"):
            (self.folder / name).mkdir(parents=True)

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "charon.vici"

    @property
    def log(self) -> Path:
        return self.folder / "charon.log"

    def configure(self, strongswan: str, swanctl: str) -> None:
        (self.folder / "strongswan.conf").write_text(strongswan)
        (self.folder / "swanctl.conf").write_text(swanctl)

    def trust(self, name: str, authority: Authority) -> None:
        (self.folder / "x509ca" / f"{name}-ca.pem").write_bytes(authority.certificate)
        (self.folder / "x509crl" / f"{name}.pem").write_bytes(authority.revocation_list())

    def hold(self, name: str, holder: Holder) -> None:
        (self.folder / "x509" / f"{name}.pem").write_bytes(holder.certificate)
        (self.folder / "private" / f"{name}.pem").write_bytes(holder.key)

    def start(self) -> None:
        """Start charon; ready when its socket answers."""
        setting = f"STRONGSWAN_CONF={self.folder}/strongswan.conf SWANCTL_DIR={self.folder}"
        script = f"mount --bind {self.folder}/run /run && exec env {setting} {CHARON}"
        self.process = self.lab.start(self.host, script, self.folder / "output.log")
        for _ in until(10):
            if self.socket.exists() and not self.swanctl("--stats").returncode:
                return
        pytest.fail(f"charon of {self.host} did not start: {(self.folder / 'output.log').read_text()}")

    def kill(self) -> None:
        """As when the machine loses power: no goodbye to anybody."""
        if self.process:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        self.socket.unlink(missing_ok=True)
        # what a power cut would have taken along
        self.lab.sh(self.host, "ip link del ipsec0; ip rule del pref 220; ip route flush table 220")

    def load(self) -> str:
        done = self.swanctl("--load-all", "--noprompt")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def swanctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        settings = {"SWANCTL_DIR": str(self.folder), "STRONGSWAN_CONF": str(self.folder / "strongswan.conf")}
        command = ["swanctl", *arguments, "--uri", f"unix://{self.socket}"]
        environment = {**os.environ, **settings}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=environment)

    def installed(self, child: str) -> bool:
        """What counts: an INSTALLED CHILD_SA."""
        return (
            re.search(rf"^  {child}: #\d+, reqid \d+, INSTALLED", self.swanctl("--list-sas").stdout, re.M) is not None
        )
