"""What the roles base, hardening and firewall do, seen on the host and on the wire."""

from __future__ import annotations

import contextlib
import socket
import subprocess

from testinfra.host import Host  # type: ignore[import-untyped]

BACK = "/usr/local/sbin/proforma-firewall-back"


def address(host: Host) -> str:
    found: str = host.check_output("ip -4 -o addr show uplink | awk '{print $4}'").partition("/")[0]
    return found


def answers(where: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((where, port), 2):
        return True
    return False


def test_nothing_has_failed(host: Host) -> None:
    assert host.check_output("systemctl --failed --plain --no-legend") == ""


def test_a_port_that_is_not_named_is_refused_on_the_wire_and_counted(host: Host) -> None:
    where = address(host)
    for port in (8080, 8081):
        host.run(f"systemd-run --unit=listens-{port} python3 -m http.server {port} --bind 0.0.0.0")
    host.run("timeout 10 sh -c 'until ss -ltn | grep -q :8081 && ss -ltn | grep -q :8080; do sleep 0.2; done'")
    try:
        assert answers(where, 8080)
        before = refused(host, "inbound")
        assert not answers(where, 8081)
        assert refused(host, "inbound") > before
    finally:
        host.run("systemctl stop listens-8080 listens-8081")


def test_nothing_goes_out_that_is_not_named(host: Host) -> None:
    before = refused(host, "outbound")
    gateway = host.check_output("ip route show default").split()[2]
    asked = host.run(f"timeout 5 bash -c 'exec 3<>/dev/tcp/{gateway}/9'")
    assert asked.rc != 0
    assert refused(host, "outbound") > before


def refused(host: Host, way: str) -> int:
    text = host.check_output("nft list table inet proforma")
    line = next(one for one in text.splitlines() if f'comment "refused {way}"' in one)
    return int(line.split("packets ")[1].split()[0])


def test_rules_that_would_cut_ansible_off_are_taken_back_by_the_host(host: Host) -> None:
    """As the role does it, with rules that let nothing in."""
    rules = "/run/cut.conf"
    host.check_output(f"grep -v 'dport . 22 .' /etc/nftables.conf > {rules} && ! cmp -s {rules} /etc/nftables.conf")
    host.check_output(
        f"systemd-run --unit=back --on-active=4 --timer-property=AccuracySec=1s {BACK} /etc/nftables.conf proforma"
    )
    where = address(host)
    host.check_output(f"nft -f {rules}")
    assert not answers(where, 22)
    host.check_output("sleep 6")
    assert answers(where, 22)


def test_a_host_that_has_no_proven_rules_lets_in_again_and_passes_nothing_on(host: Host) -> None:
    try:
        host.check_output(f"{BACK} /etc/absent.conf proforma")
        table = host.check_output("nft list table inet proforma")
        assert ("hook input" in table, "hook forward priority filter; policy drop" in table) == (False, True)
    finally:
        host.check_output("nft -f /etc/nftables.conf")


def test_sshd_takes_keys_alone(host: Host) -> None:
    offer = [
        "ssh",
        "-o",
        "PubkeyAuthentication=no",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    tried = subprocess.run(
        [*offer, "-o", "BatchMode=yes", f"root@{address(host)}", "true"], capture_output=True, text=True
    )
    assert tried.returncode == 255
    assert "(publickey)" in tried.stderr


def test_an_operator_becomes_root_and_a_service_cannot_even_start_sudo(host: Host) -> None:
    assert host.check_output("setpriv --reuid olga --regid olga --init-groups sudo -n id -u") == "0"
    assert host.run("setpriv --reuid nobody --regid nogroup --clear-groups sh -c 'exec sudo -n id'").rc == 126


def test_nothing_in_tmp_is_run(host: Host) -> None:
    assert host.run("cp /bin/true /tmp/t && /tmp/t").rc == 126


def test_failures_lock_an_account(host: Host) -> None:
    auth = host.file("/etc/pam.d/common-auth").content_string
    assert auth.index("pam_faillock.so preauth") < auth.index("pam_unix.so") < auth.index("pam_faillock.so authfail")


def test_what_ansible_makes_is_still_readable_for_services(host: Host) -> None:
    assert host.check_output("umask") == "0022"
    operator = "setpriv --reuid olga --regid olga --init-groups sh -c 'umask 077; sudo -n sh -c umask'"
    assert host.check_output(operator) == "0022"


def test_changed_programs_are_found_until_they_are_accepted(host: Host) -> None:
    host.check_output("proforma-integrity accept")
    assert host.run("proforma-integrity").rc == 0
    host.check_output("touch /usr/local/sbin/changed")
    try:
        assert host.run("proforma-integrity").rc == 1  # 1: new files
    finally:
        host.check_output("rm /usr/local/sbin/changed")


def test_security_updates_come_from_a_suite_that_apt_knows(host: Host) -> None:
    assert "l=Debian-Security" in host.check_output("apt-cache policy")
    assert "Allowed origins are: origin=Debian" in host.check_output(
        "unattended-upgrade --dry-run --debug 2>&1 | head -20 || true"
    )


def test_changed_files_are_looked_for_from_boot(host: Host) -> None:
    assert host.service("proforma-integrity.timer").is_enabled


def test_the_journal_is_kept(host: Host) -> None:
    assert host.check_output("ls /var/log/journal/$(cat /etc/machine-id) | head -1").endswith(".journal")
