"""The doctor on real hosts: each trouble is made, found, and told with cause and remedy."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.operations import pack
from tests.support.hosts.command import Hosts, needed

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PASSWORD = "hunter2-is-long"
FAKE_TIME = """
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 123))
while True:
    q, a = s.recvfrom(512); now = struct.pack("!II", int(time.time()) + 2208988800 + 3600, 0)
    s.sendto(b"\\x24\\x01" + 22 * b"\\0" + now[:0] + q[40:48] + now + now, a)
"""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """`sick`: no more than 300 MB to write; `time`: a time server that is an hour off."""
    needed()
    made = Hosts(f"doc{os.getpid()}")
    made.do("base", "build", "trixie")
    programs = tmp_path_factory.mktemp("programs")
    pack.pack(programs, ("proforma-doctor",))
    (programs / "time.py").write_text(FAKE_TIME)
    try:
        made.do("up", "time", "--network", "lan=10.72.0.3/24")
        made.do("up", "sick", "--network", "lan=10.72.0.2/24", "--disk", "300M")
        made.do("copy", str(programs / "proforma-doctor"), "sick:/usr/local/sbin/proforma-doctor")
        made.do("copy", str(programs / "time.py"), "time:/run/time.py")
        made.do("exec", "time", "--", "systemd-run", "--quiet", "python3", "/run/time.py")
        _settle(made)
        yield made
    finally:
        made.run("down", "--all", "--purge", "--now")


def _settle(hosts: Hosts) -> None:
    """What a portal host has, as far as the doctor looks at it."""
    settings = {"roles": ["vpn"], "timeserver": "10.72.0.3", "names": [], "backup_hours": 26}
    script = f"""
    install -d -m 0750 /etc/proforma; install -d -m 0700 /etc/credstore
    install -d /var/lib/proforma-backup /run/proforma-vpn
    echo '{json.dumps(settings)}' > /etc/proforma/doctor.json; echo '{{}}' > /etc/proforma/backup.json
    umask 077; echo 'postgres://app:{PASSWORD}@10.72.0.3:5432/proforma' > /etc/credstore/proforma.database_url
    """
    assert hosts.inside("sick", script).returncode == 0


def look(hosts: Hosts, check: str) -> list[dict[str, Any]]:
    done = hosts.inside("sick", f"proforma-doctor --json --check {check}")
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    assert done.returncode == (0 if not found else 2 if any(one["level"] == "error" for one in found) else 1)
    assert all(one["cause"] and one["remedy"] for one in found)
    return found


def first(hosts: Hosts, check: str) -> str:
    found = look(hosts, check)
    assert found, f"{check} found nothing"
    return f"{found[0]['what']} ({found[0]['where']}) {found[0]['cause']}"


def test_a_time_server_that_is_an_hour_off(hosts: Hosts) -> None:
    assert re.search(r"(3599|3600|3601) s apart; the server is ahead", first(hosts, "clock"))


def test_a_database_that_does_not_answer(hosts: Hosts) -> None:
    said = first(hosts, "database")
    assert "10.72.0.3:5432/proforma" in said
    assert PASSWORD not in said


def test_a_secret_that_others_can_read(hosts: Hosts) -> None:
    assert look(hosts, "secrets") == []
    hosts.inside("sick", "chmod 0644 /etc/credstore/proforma.database_url")
    said = first(hosts, "secrets")
    hosts.inside("sick", "chmod 0600 /etc/credstore/proforma.database_url")
    assert "has mode 0644" in said
    assert look(hosts, "secrets") == []


def test_a_release_key_that_others_could_replace(hosts: Hosts) -> None:
    hosts.inside("sick", "install -d -m 0777 /etc/proforma/release-keys")
    said = first(hosts, "secrets")
    hosts.inside("sick", "rmdir /etc/proforma/release-keys")
    assert "can be changed by others than root" in said


def test_a_failed_unit(hosts: Hosts) -> None:
    hosts.inside("sick", "systemd-run --quiet --unit=ill false; sleep 0.5")
    assert "ill.service" in first(hosts, "units")
    hosts.inside("sick", "systemctl reset-failed")
    assert look(hosts, "units") == []


@pytest.mark.parametrize(("days", "words"), [(3, "ends in"), (20, "ends in"), (-2, "has ended")])
def test_a_certificate_that_ends_soon_or_has_ended(hosts: Hosts, days: int, words: str) -> None:
    ends = f"$(date -u -d '{days} days 1 hour' +%Y%m%d%H%M%SZ)"
    make = f"""install -d /etc/proforma/tls; cd /tmp; openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null \
    -out /etc/proforma/tls/portal.crt -subj /CN=x -not_before 20200101000000Z -not_after {ends}"""
    assert hosts.inside("sick", make).returncode == 0
    found = look(hosts, "certificates")
    hosts.inside("sick", "rm /etc/proforma/tls/portal.crt")
    assert words in found[0]["what"]
    assert found[0]["level"] == ("warning" if days > 7 else "error")
    assert look(hosts, "certificates") == []


def test_a_tunnel_that_is_down_and_a_watchdog_that_is_silent(hosts: Hosts) -> None:
    tunnel = {"name": "example-a", "up": False, "ike_state": "CONNECTING"}
    state = {"tunnels": [tunnel], "daemon_answers": True, "trying": {"example-a": {"error": "AUTH_FAILED"}}}
    write = f'echo \'{json.dumps(state)}\' | sed "s/^{{/{{\\"at\\": $(date +%s), /" > /run/proforma-vpn/state.json'
    assert hosts.inside("sick", write).returncode == 0
    said = first(hosts, "tunnels")
    assert "The tunnel is down" in said
    assert "AUTH_FAILED" in said
    hosts.inside("sick", "echo '{\"at\": 1}' > /run/proforma-vpn/state.json")
    assert "Nothing is known" in first(hosts, "tunnels")


def test_a_backup_that_is_missing_old_or_failed(hosts: Hosts) -> None:
    assert "There is no backup" in first(hosts, "backup")
    status = (
        '{"last_run": {"ok": false, "problem": "The disk is full."}, "last_good": {"at": "2026-01-01T00:00:00+00:00"}}'
    )
    hosts.inside("sick", f"echo '{status}' > /var/lib/proforma-backup/status.json")
    words = " ".join(f"{one['what']} {one['cause']}" for one in look(hosts, "backup"))
    assert "hours old" in words
    assert "The disk is full" in words


def test_a_name_that_cannot_be_resolved(hosts: Hosts) -> None:
    assert look(hosts, "names") == []
    hosts.inside("sick", "sed -i 's/10.72.0.3:5432/nowhere.invalid:5432/' /etc/credstore/proforma.database_url")
    said = first(hosts, "names")
    hosts.inside("sick", "sed -i 's/nowhere.invalid:5432/10.72.0.3:5432/' /etc/credstore/proforma.database_url")
    assert "nowhere.invalid" in said


def test_a_firewall_that_is_not_loaded(hosts: Hosts) -> None:
    assert look(hosts, "firewall") != []


def test_a_pointer_that_names_another_release_than_is_current(hosts: Hosts) -> None:
    fake = "#!/bin/sh\necho '2026 ERROR Release 1.0.0 is not as it was installed.' >&2\nexit 78\n"
    script = f"""
    install -d /opt/proforma/releases/1.0.0; ln -sfn releases/1.0.0 /opt/proforma/current
    echo 1.1.0 > /etc/proforma/current-release; printf "{fake}" > /usr/local/sbin/proforma-install
    chmod 755 /usr/local/sbin/proforma-install"""
    hosts.inside("sick", script)
    words = [one["what"] for one in look(hosts, "release")]
    hosts.inside("sick", "rm /usr/local/sbin/proforma-install")
    assert "The pointer names 1.1.0, and 1.0.0 is current." in words
    assert "Release 1.0.0 is not as it was installed." in words


def test_the_file_for_support_holds_no_secret(hosts: Hosts, tmp_path: Path) -> None:
    hosts.inside(
        "sick",
        f"logger -p user.err 'no sign-in with {PASSWORD}'; logger -p user.err 'token=abcdefgh'; sleep 1",
    )
    done = hosts.inside("sick", "proforma-doctor --out /run/out.tar.gz")
    assert done.returncode == 2
    hosts.do("copy", "sick:/run/out.tar.gz", str(tmp_path / "out.tar.gz"))
    everything = subprocess.run(["tar", "-xzOf", str(tmp_path / "out.tar.gz")], capture_output=True, check=True).stdout
    assert b"no sign-in with ***" in everything
    assert PASSWORD.encode() not in everything + done.stdout.encode()
    assert b"abcdefgh" not in everything


def test_a_full_disk_and_a_report_all_the_same(hosts: Hosts) -> None:
    hosts.inside("sick", "head -c 400M /dev/zero > /var/fill 2>/dev/null")
    try:
        assert "0 MB (0 %) are free" in first(hosts, "disk")
        done = hosts.inside("sick", "proforma-doctor --out /var/report.tar.gz; ls -s /run/report.tar.gz")
        assert "For support: /run/report.tar.gz" in done.stderr
    finally:
        hosts.inside("sick", "rm -f /var/fill /run/report.tar.gz")
    assert look(hosts, "disk") == []


def test_a_host_that_cannot_be_reached_from_outside_is_an_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.doctor", "--ssh", "nobody@127.0.0.1.invalid"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "cannot be reached" in done.stdout
