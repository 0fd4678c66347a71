"""Monitor, doctor and backup on a host: in their sandboxes, and saying what is true."""

from __future__ import annotations

import json
from typing import Any

import pytest

UNITS = ("proforma-monitor.service", "proforma-backup.service")


@pytest.mark.parametrize("unit", UNITS)
def test_our_units_are_sandboxed_well(host: Any, unit: str) -> None:
    said = host.run(f"systemd-analyze security --no-pager {unit}").stdout.strip().splitlines()[-1]
    assert float(said.split(": ")[1].split()[0]) <= 2.5, said


@pytest.mark.parametrize("timer", ["proforma-monitor.timer", "proforma-backup.timer"])
def test_they_run_by_the_clock(host: Any, timer: str) -> None:
    assert host.service(timer).is_enabled
    assert host.service(timer).is_running


def test_the_monitor_leaves_a_report_that_everybody_may_read(host: Any) -> None:
    assert host.run("systemctl start proforma-monitor.service").rc == 0
    assert host.file("/run/proforma-monitor/status.json").mode == 0o644
    report = json.loads(host.file("/run/proforma-monitor/status.json").content_string)
    assert {"disk", "units_failed"} <= set(report["facts"])
    assert {one["check"] for one in report["findings"]} >= {"backup", "answer"}


def test_a_backup_without_a_database_fails_says_why_and_leaves_nothing(host: Any) -> None:
    assert host.run("systemctl start proforma-backup.service").rc != 0
    status = json.loads(host.file("/var/lib/proforma-backup/status.json").content_string)
    assert (status["last_run"]["ok"], status["last_run"]["exit_code"]) == (False, 69)
    assert "rehearsed" not in json.dumps(status)
    assert host.run("ls -A /var/backups/proforma").stdout == ""
    host.run("systemctl reset-failed proforma-backup.service")


def test_what_was_said_of_a_failed_backup_is_told_by_the_doctor(host: Any) -> None:
    found = json.loads(host.run("proforma-doctor --json --check backup").stdout)["findings"]
    assert any("last backup failed" in one["what"] for one in found)


def test_secrets_and_places_of_backups_are_closed(host: Any) -> None:
    assert host.file("/etc/credstore/proforma.backup_database_url").mode == 0o600
    assert host.file("/var/backups/proforma").mode == 0o700
    assert json.loads(host.run("proforma-doctor --json --check secrets").stdout)["findings"] == []


def test_the_key_that_signs_backups_is_roots_alone_and_its_public_half_is_believed(host: Any) -> None:
    key = host.file("/var/lib/proforma-backup-signing/key.pem")
    assert (key.user, key.mode) == ("root", 0o600)
    public = host.file("/var/lib/proforma-backup-signing/public.pem").content_string
    known = host.file("/etc/proforma/backup-trusted").listdir()
    assert public in [host.file(f"/etc/proforma/backup-trusted/{name}").content_string for name in known]


def test_the_journal_stays_over_reboots_within_bounds(host: Any) -> None:
    assert host.file("/var/log/journal").is_directory
    assert "SystemMaxUse=1G" in host.file("/etc/systemd/journald.conf.d/50-proforma.conf").content_string


def test_nothing_is_shipped_where_there_is_no_cloudwatch(host: Any) -> None:
    assert not host.service("proforma-ship.service").exists


def test_manage_says_what_is_missing(host: Any) -> None:
    said = host.run("proforma-manage status")
    assert said.rc != 0
    assert "no release" in said.stderr
