"""Releases on a real host: altered, by a stranger, without a backup, broken, under load, and back.

On Debian 13 alone, since each takes a while: what differs between Debians is tried on both by the first release.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

testinfra_hosts = ["ansible://trixie"]

LONGEST_GAP = 5.0  # seconds without an answer
ARTIFACT = "/var/lib/proforma/artifacts/proforma-1.1.0.tar"
ASIDE = f"mv {ARTIFACT}.sig /run/aside.sig"
BACK = f"mv /run/aside.sig {ARTIFACT}.sig"
ALTERED = f"""python3 -c 'import os
with open("{ARTIFACT}", "r+b") as file:
    file.seek(os.path.getsize(file.name) // 2)
    byte = file.read(1)[0]
    file.seek(-1, os.SEEK_CUR)
    file.write(bytes([byte ^ 1]))'"""
TRUST = "/etc/proforma/release-keys"
ANOTHER = f"openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out {TRUST}/other.pem"
STRANGER = f"cp -a {TRUST} /run/trust && rm {TRUST}/* && {ANOTHER}"
FRIEND = f"rm {TRUST}/* && cp -a /run/trust/. {TRUST}/ && rm -r /run/trust"
LOAD = r"""
import ssl, sys, time, http.client, pathlib
context = ssl._create_unverified_context()
worst, last, bad = 0.0, time.monotonic(), 0
while not pathlib.Path('/run/load-ends').exists():
    try:
        connection = http.client.HTTPSConnection('portal.provider.example', timeout=20, context=context)
        connection.request('GET', '/health')
        good = connection.getresponse().status == 200
        connection.close()
    except OSError:
        good = False
    now = time.monotonic()
    if good:
        worst, last = max(worst, now - last), now
    else:
        bad += 1
    time.sleep(0.05)
print(round(max(worst, time.monotonic() - last), 2), bad)
"""


def current(host: Any) -> str:
    return str(host.run("readlink /opt/proforma/current").stdout.strip().removeprefix("releases/"))


def follow(host: Any, version: str) -> int:
    """Name the version, as the playbook does. Returns the code of the step."""
    done = host.run(
        f"echo {version} > /etc/proforma/current-release; systemctl start proforma-follow.service;"
        " systemctl show --property ExecMainStatus --value proforma-follow.service"
    )
    return int(done.stdout)


@pytest.fixture(scope="module")
def releases() -> Path:
    found = [path for path in Path("/var/cache/proforma-hosts/releases").iterdir() if path.is_dir()]
    return max(found, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def brought(releases: Path) -> None:
    """A good and a bad release come over ssh, as Ansible reaches the host."""
    inventory = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
    for version in ("1.1.0", "1.2.0"):
        for suffix in ("", ".sig"):
            module = f"src={releases}/proforma-{version}.tar{suffix} dest=/var/lib/proforma/artifacts/ mode=0600"
            command = ["ansible", "trixie", "--inventory", str(inventory), "--become", "-m", "copy", "-a", module]
            subprocess.run(command, check=True, capture_output=True)


@pytest.mark.usefixtures("brought")
@pytest.mark.parametrize(
    ("spoil", "mend"),
    [(ALTERED, ALTERED), (STRANGER, FRIEND), (ASIDE, BACK)],
    ids=["altered", "by a stranger", "unsigned"],
)
def test_what_is_not_as_signed_is_refused_and_nothing_moves(host: Any, spoil: str, mend: str) -> None:
    assert host.run(spoil).rc == 0
    code = follow(host, "1.1.0")
    assert host.run(mend).rc == 0
    assert code in (65, 66)
    assert current(host) == "1.0.0"
    assert host.service("proforma-web").is_running
    assert not host.file("/opt/proforma/releases/1.1.0").exists


@pytest.mark.usefixtures("brought")
def test_a_failed_backup_stops_the_upgrade(host: Any) -> None:
    host.run("touch /run/backup-fails")
    assert follow(host, "1.1.0") == 70
    host.run("rm /run/backup-fails")
    assert current(host) == "1.0.0"


@pytest.mark.usefixtures("brought")
def test_a_release_that_is_not_healthy_is_left_again_by_itself(host: Any) -> None:
    host.run("sed -i 's/--health-seconds [0-9]*/--health-seconds 5/' /usr/local/sbin/proforma-follow")
    assert follow(host, "1.2.0") == 76
    assert current(host) == "1.0.0"
    assert host.run("/usr/local/lib/proforma/hooks/health").rc == 0
    host.run("sed -i 's/--health-seconds [0-9]*/--health-seconds 60/' /usr/local/sbin/proforma-follow")


@pytest.mark.usefixtures("brought")
def test_an_upgrade_under_load_leaves_no_gap_that_staff_would_notice(host: Any) -> None:
    host.run("systemctl stop load.service; rm -f /run/load-ends /run/load.txt")
    host.run(f'systemd-run --unit=load --property=StandardOutput=file:/run/load.txt python3 -c "{LOAD}"')
    assert follow(host, "1.1.0") == 0
    host.run("touch /run/load-ends; while systemctl is-active --quiet load; do sleep 0.2; done")
    longest, failed = host.file("/run/load.txt").content_string.split()
    assert float(longest) <= LONGEST_GAP
    assert int(failed) == 0, f"{failed} requests were answered badly or not at all"
    assert current(host) == "1.1.0"
    assert not host.service("proforma-web-standby").is_running
    assert host.run("proforma-install verify-running").rc == 0
    assert "1.1.0" in host.file("/run/proforma/backups").content_string


def test_rollback_goes_to_the_release_before(host: Any) -> None:
    assert host.run("proforma-rollback").rc == 0
    assert current(host) == "1.0.0"
    assert host.run("proforma-install verify-running").rc == 0
