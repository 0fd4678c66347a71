"""Releases on a real host: under load, broken, altered, without a backup, after a reboot of the pointer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

TARGET_SECONDS = 5.0  # without an answer
TOO_LONG = 3 * TARGET_SECONDS  # the machine of the tests is shared by other tests
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
    """Bring the artifact and the pointer, as the playbook does. Returns the code of the step."""
    host.run("mkdir -p /var/lib/proforma/artifacts")
    host.run(f"echo {version} > /etc/proforma/current-release")
    host.run("systemctl start proforma-follow.service")
    return int(host.run("systemctl show --property ExecMainStatus --value proforma-follow.service").stdout)


@pytest.fixture(scope="module")
def releases() -> Path:
    found = [path for path in Path("/var/cache/proforma-hosts/releases").iterdir() if path.is_dir()]
    return max(found, key=lambda path: path.stat().st_mtime)


def bring(host: Any, releases: Path, version: str) -> None:
    """Over ssh, as Ansible reaches the host."""
    where = host.backend.get_pytest_id().rpartition("/")[2]
    inventory = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
    for suffix in ("", ".sig"):
        source = releases / f"proforma-{version}.tar{suffix}"
        if source.exists():
            module = f"src={source} dest=/var/lib/proforma/artifacts/ mode=0600"
            command = ["ansible", where, "--inventory", str(inventory), "--become", "-m", "copy", "-a", module]
            subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("version", ["1.3.0", "1.4.0", "1.5.0"], ids=["altered", "by a stranger", "unsigned"])
def test_what_is_not_as_signed_is_refused_and_nothing_moves(host: Any, releases: Path, version: str) -> None:
    bring(host, releases, version)
    assert follow(host, version) in (65, 66)
    assert current(host) == "1.0.0"
    assert host.service("proforma-web").is_running
    assert not host.file(f"/opt/proforma/releases/{version}").exists


def test_a_failed_backup_stops_the_upgrade(host: Any, releases: Path) -> None:
    bring(host, releases, "1.1.0")
    host.run("touch /run/backup-fails")
    assert follow(host, "1.1.0") == 70
    host.run("rm /run/backup-fails")
    assert current(host) == "1.0.0"


def test_a_release_that_is_not_healthy_is_left_again_by_itself(host: Any, releases: Path) -> None:
    bring(host, releases, "1.2.0")
    host.run("sed -i 's/--health-seconds [0-9]*/--health-seconds 8/' /usr/local/sbin/proforma-follow")
    assert follow(host, "1.2.0") == 76
    assert current(host) == "1.0.0"
    assert host.run("/usr/local/lib/proforma/hooks/health").rc == 0


def test_an_upgrade_under_load_leaves_no_gap_that_staff_would_notice(host: Any) -> None:
    host.run("systemctl stop load.service; rm -f /run/load-ends /run/load.txt")
    host.run(f'systemd-run --unit=load --property=StandardOutput=file:/run/load.txt python3 -c "{LOAD}"')
    assert follow(host, "1.1.0") == 0
    host.run("touch /run/load-ends; while systemctl is-active --quiet load; do sleep 0.2; done")
    longest, failed = host.file("/run/load.txt").content_string.split()
    assert float(longest) <= TOO_LONG, f"{longest} s without an answer"
    assert int(failed) == 0, f"{failed} requests were answered badly or not at all"
    assert current(host) == "1.1.0"
    assert host.run("proforma-install verify-running").rc == 0
    assert "1.1.0" in host.file("/run/proforma/backups").content_string


def test_rollback_goes_to_the_release_before(host: Any) -> None:
    assert host.run("proforma-rollback").rc == 0
    assert current(host) == "1.0.0"
    assert host.run("proforma-install verify-running").rc == 0
