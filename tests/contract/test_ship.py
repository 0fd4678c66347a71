"""proforma-ship against moto's CloudWatch over HTTP, and against one that throttles and refuses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from scripts.operations.ship import __main__ as ship
from scripts.operations.ship import journal
from scripts.operations.ship.batches import MOST_BYTES, MOST_EVENTS, OVERHEAD, batches, sendable
from scripts.operations.ship.cloudwatch import CloudWatch, NeverError, PassingError
from scripts.operations.ship.figures import Figure, figures
from scripts.operations.ship.journal import Entry

NOW = int(time.time() * 1000)


def line(message: Any, number: int = 1, **more: Any) -> bytes:
    raw = {"MESSAGE": message, "__REALTIME_TIMESTAMP": str((NOW + number) * 1000), "__CURSOR": f"c{number}"}
    return json.dumps(raw | {"_SYSTEMD_UNIT": "proforma-web.service", "PRIORITY": "6"} | more).encode() + b"\n"


def messages(*lines: bytes) -> list[str]:
    return [json.loads(one.text)["message"] for one in journal.entries(lines)]


def test_text_bytes_several_and_none_are_all_taken() -> None:
    said = messages(line("plain"), line([104, 105, 255]), line(["one", "two"]), line(None))
    assert said == ["plain", "hi�", "one two", ""]


def test_what_is_no_entry_is_left_out_and_the_next_goes_on() -> None:
    broken = [b"", b"{half", b"[]\n", b'{"MESSAGE": "no time"}\n', json.dumps({"__CURSOR": 1}).encode()]
    assert messages(*broken, line("good")) == ["good"]


@pytest.mark.parametrize("sign", ["x", "é", "\x00", "😀"])
def test_an_entry_that_is_too_long_is_cut_to_what_cloudwatch_takes(sign: str) -> None:
    (entry,) = journal.entries([line(sign * 1_000_000)])
    assert len(entry.text.encode()) <= journal.LONGEST


def test_secrets_in_an_entry_are_masked() -> None:
    assert messages(line("postgres://app:hunter2@db/x refuses")) == ["postgres://app:***@db/x refuses"]


def test_a_lone_surrogate_does_not_stop_the_shipping() -> None:
    (entry,) = journal.entries([line("a\ud800b")])
    assert entry.text.encode()


def test_batches_keep_the_limits_and_lose_nothing() -> None:
    made = [Entry(NOW + n, "y" * (n % 3000), f"c{n}") for n in range(25_000)]
    cut = list(batches(made))
    assert [one for batch in cut for one in batch] == made
    assert all(len(batch) <= MOST_EVENTS for batch in cut)
    assert all(sum(len(one.text) + OVERHEAD for one in batch) <= MOST_BYTES for batch in cut)


def test_a_batch_spans_less_than_a_day() -> None:
    hour = 3600 * 1000
    cut = list(batches([Entry(NOW + n * hour, "x", str(n)) for n in range(50)]))
    assert all(batch[-1].at - batch[0].at < 24 * hour for batch in cut)


def test_what_is_too_old_or_from_the_future_is_not_sent() -> None:
    day = 24 * 3600 * 1000
    made = [Entry(NOW - 15 * day, "old", "1"), Entry(NOW, "now", "2"), Entry(NOW + day, "later", "3")]
    assert [one.text for one in sendable(made, NOW)] == ["now"]


class Taker:
    """Takes what it is given, unless told otherwise."""

    def __init__(self, *fails: Exception | None, never: str = "") -> None:
        self.fails, self.never = list(fails), never
        self.taken: list[str] = []
        self.measured: list[Figure] = []

    def put(self, batch: Sequence[Entry]) -> int:
        if self.fails and (error := self.fails.pop(0)):
            raise error
        if self.never and any(one.text == self.never for one in batch):
            raise NeverError("InvalidParameterException")
        self.taken += [one.text for one in batch]
        return 0

    def measure(self, figures: Sequence[Figure]) -> None:
        self.measured += figures


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """A journal of 30 entries that knows its cursors."""
    made = [Entry(NOW + n, f"entry {n}", f"c{n}") for n in range(30)]

    def read(cursor: str, most: int) -> list[Entry]:
        start = next((n + 1 for n, one in enumerate(made) if one.cursor == cursor), 0)
        return made[start : start + most]

    monkeypatch.setattr(journal, "read", read)
    return made


def shipper(taker: Taker, tmp_path: Path) -> ship.Shipper:
    return ship.Shipper(taker, tmp_path / "cursor.json", tmp_path / "report.json")


def test_after_a_restart_it_goes_on_behind_what_was_taken(lines: list[Entry], tmp_path: Path) -> None:
    first, second = Taker(), Taker()
    assert shipper(first, tmp_path).round() == 30
    lines.append(Entry(NOW + 99, "new", "c99"))
    assert shipper(second, tmp_path).round() == 1
    assert second.taken == ["new"]


def test_throttled_it_waits_longer_each_time_and_loses_nothing(lines: list[Entry], tmp_path: Path) -> None:
    taker = Taker(PassingError("ThrottlingException"), PassingError("ThrottlingException"))
    one = shipper(taker, tmp_path)
    pauses = []
    for _ in range(3):
        one.round()
        pauses.append(one.pause)
    assert pauses == [5.0, 10.0, 0.0]
    assert taker.taken == [entry.text for entry in lines]


def test_throttled_in_the_middle_the_second_batch_alone_is_sent_again(
    lines: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.operations.ship.batches.MOST_EVENTS", 20)
    taker = Taker(None, PassingError("ThrottlingException"))
    one = shipper(taker, tmp_path)
    one.round()
    assert len(taker.taken) == 20
    one.round()
    assert taker.taken == [entry.text for entry in lines]


def test_one_entry_that_is_refused_for_good_does_not_hold_up_the_others(lines: list[Entry], tmp_path: Path) -> None:
    taker = Taker(never="entry 17")
    one = shipper(taker, tmp_path)
    one.round()
    assert taker.taken == [entry.text for entry in lines if entry.text != "entry 17"]
    assert one.refused == 1


def test_a_cursor_file_that_is_damaged_means_beginning_anew(lines: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "cursor.json").write_text("{half")
    assert shipper(Taker(), tmp_path).round() == 30


def test_figures_leave_out_what_a_host_does_not_have() -> None:
    report: dict[str, Any] = {"findings": [{"level": "error"}], "facts": {"disk": {"/": {"free_percent": 40.0}}}}
    found = {name: value for name, value, _ in figures(report)}
    assert found == {"Errors": 1.0, "Warnings": 0.0, "UnitsFailed": 0.0, "DiskFreePercent": 40.0}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def logs(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client("logs", endpoint_url=endpoint)
    client.create_log_group(logGroupName="proforma")
    yield client
    client.delete_log_group(logGroupName="proforma")


def test_entries_arrive_and_the_stream_is_made_when_it_is_missing(
    logs: Any, endpoint: str, lines: list[Entry], tmp_path: Path
) -> None:
    watch = CloudWatch("proforma", "portal-a", "Proforma", "eu-central-1", endpoint)
    one = ship.Shipper(watch, tmp_path / "cursor.json", tmp_path / "report.json")
    one.round()
    one.round()
    events = logs.get_log_events(logGroupName="proforma", logStreamName="portal-a", startFromHead=True)["events"]
    assert [event["message"] for event in events] == [entry.text for entry in lines]


def test_a_group_that_is_missing_is_told_and_nothing_is_lost(
    logs: Any, endpoint: str, lines: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ship.Shipper(CloudWatch("absent", "x", "P", "eu-central-1", endpoint), tmp_path / "c", tmp_path / "r")
    one.round()
    assert "the log group absent" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_cloudwatch_that_is_away_is_a_passing_trouble(lines: list[Entry], tmp_path: Path, logs: Any) -> None:
    watch = CloudWatch("proforma", "x", "P", "eu-central-1", "http://127.0.0.1:9")
    one = ship.Shipper(watch, tmp_path / "c", tmp_path / "r")
    one.round()
    assert one.pause > 0


def test_figures_arrive(logs: Any, endpoint: str, lines: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "r").write_text(json.dumps({"findings": [], "facts": {"backup": {"age_hours": 3.5}}}))
    watch = CloudWatch("proforma", "portal-a", "Proforma", "eu-central-1", endpoint)
    one = ship.Shipper(watch, tmp_path / "c", tmp_path / "r")
    one.round()
    one.round()
    metrics = boto3.client("cloudwatch", endpoint_url=endpoint).list_metrics(Namespace="Proforma")["Metrics"]
    names = {metric["MetricName"] for metric in metrics}
    assert {"Errors", "BackupAgeHours", "JournalEntriesRefused"} <= names
    assert all(metric["Dimensions"] == [{"Name": "Host", "Value": "portal-a"}] for metric in metrics)
