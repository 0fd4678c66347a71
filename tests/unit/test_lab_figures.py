"""What the lab measures: gaps, targets, scans, and the page's forms; pure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.lab_lib.trials import figures, scans
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.pulse import Beat, longest_gap
from scripts.lab_lib.trials.scans import Port, Scan


def beats(pattern: str, pace: float = 1.0) -> list[Beat]:
    """`+` an answer, `-` none, one a second."""
    return [Beat(i * pace, i * pace + 0.1, mark == "+") for i, mark in enumerate(pattern)]


@pytest.mark.parametrize(("pattern", "gap"), [("+++++", 0), ("++--++", 3), ("+-+---+", 4), ("++---", 3), ("", 0)])
def test_the_gap_is_from_the_last_answer_before_to_the_first_one_after(pattern: str, gap: float) -> None:
    assert longest_gap(beats(pattern)) == pytest.approx(gap)


def test_a_time_fails_at_three_times_its_target_and_a_score_at_its_target() -> None:
    assert Figure("vpn_host_killed", 14.9).passed
    assert not Figure("vpn_host_killed", 15.1).passed
    assert Figure("lynis_portal", 80).passed
    assert not Figure("lynis_portal", 79.9).passed
    assert not Figure("rekey_lost", 1).passed
    assert not Figure("units_exposure", 2.6).passed


def test_a_figure_without_a_target_is_reported_and_never_fails() -> None:
    assert Figure("trouble_database", 999).passed
    assert Figure("trouble_database", 999).target.what == "trouble database"


def test_the_file_says_what_was_promised_and_whether_it_was_kept(tmp_path: Path) -> None:
    figures.write(tmp_path / "f.json", figures.as_json([Figure("rekey_lost", 2, "of 300")]))
    (one,) = json.loads((tmp_path / "f.json").read_text())
    assert (one["name"], one["value"], one["most"], one["passed"], one["note"]) == ("rekey_lost", 2, 0, False, "of 300")


REPORT = """<?xml version="1.0"?><nmaprun><host><ports>
<port protocol="tcp" portid="443"><state state="open"/></port>
<port protocol="tcp" portid="22"><state state="{ssh}"/></port>
<port protocol="udp" portid="500"><state state="open|filtered"/></port>
</ports></host><runstats><finished exit="{end}"/></runstats></nmaprun>"""


def scan(**given: frozenset[int]) -> Scan:
    ports = {"tcp": frozenset({443}), "udp": frozenset({500})} | given
    return Scan("staff", "laptop", "10.0.0.1", ports["tcp"], ports["udp"], "1-1024", "53,500")


def test_a_port_that_is_open_and_on_no_list_is_a_finding() -> None:
    found = scans.open_ports(REPORT.format(ssh="open", end="success"))
    more, missing = scans.findings(scan(), found)
    assert more == ["staff (laptop) to 10.0.0.1: tcp 22 open is open and on no list"]
    assert missing == []


def test_silence_is_not_open_and_a_listed_tcp_port_has_to_answer() -> None:
    found = scans.open_ports(REPORT.format(ssh="filtered", end="success"))
    assert found == [Port("tcp", 443, "open")]
    assert scans.findings(scan(tcp=frozenset({443, 8443})), found) == (
        [],
        ["staff (laptop) to 10.0.0.1: tcp 8443 should answer"],
    )


@pytest.mark.parametrize("report", ["", "<nmaprun>", REPORT.format(ssh="open", end="error")])
def test_a_scan_that_did_not_finish_proves_nothing(report: str) -> None:
    with pytest.raises(ValueError, match="did not finish"):
        scans.open_ports(report)


def test_the_list_of_ports_can_be_read_and_asks_from_every_side() -> None:
    found = scans.wanted()
    assert {one.side for one in found} == {"the internet", "customer A", "staff"}
    assert all(one.command()[0] == "nmap" for one in found)
