"""proforma-ship: journal and figures to CloudWatch, until SIGTERM. What CloudWatch has taken is never sent again."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scripts.operations import files
from scripts.operations.ship import journal
from scripts.operations.ship.batches import batches, sendable
from scripts.operations.ship.cloudwatch import CloudWatch, NeverError, PassingError
from scripts.operations.ship.figures import Figure, figures
from scripts.operations.ship.journal import Entry

EVERY, FIGURES_EVERY, MOST, LONGEST_PAUSE = 5.0, 60.0, 20_000, 120.0


class Taker(Protocol):
    """Where it goes."""

    def put(self, batch: Sequence[Entry]) -> int: ...
    def measure(self, figures: Sequence[Figure]) -> None: ...


@dataclass(slots=True)
class Shipper:
    """`state`: the cursor of the last entry that was taken. `refused`: entries that CloudWatch will never take."""

    taker: Taker
    state: Path
    report: Path
    refused: int = 0
    pause: float = 0.0
    _measured: float = field(default=-FIGURES_EVERY)

    def round(self) -> int:
        """Ship what there is; how many entries. A passing trouble leaves the cursor where it is, and a longer pause."""
        try:
            shipped = self._entries()
            self._figures()
        except PassingError as error:
            self.pause = min(LONGEST_PAUSE, max(EVERY, self.pause * 2))
            _say(f"CloudWatch does not take it now ({error}); trying again in {self.pause:.0f} s, nothing is lost")
            return 0
        self.pause = 0.0
        return shipped

    def _entries(self) -> int:
        found = journal.read(str(files.read_json(self.state).get("cursor", "")), MOST)
        fit = sendable(found, int(time.time() * 1000))
        self._note_refused(len(found) - len(fit))
        for batch in batches(fit):
            self._put(batch)
            self._note(batch[-1])
        if found and (not fit or fit[-1] is not found[-1]):
            self._note(found[-1])
        return len(fit)

    def _put(self, batch: list[Entry]) -> None:
        """One that CloudWatch will never take must not hold up the others: halved until it is alone, then left out."""
        try:
            self._note_refused(self.taker.put(batch))
        except NeverError as error:
            if len(batch) == 1:
                self._note_refused(1)
                _say(f"an entry of the journal was refused for good ({error}); it stays in the journal")
                return
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                self._put(half)

    def _note(self, entry: Entry) -> None:
        files.write_json(self.state, {"cursor": entry.cursor, "at": entry.at}, 0o600)

    def _note_refused(self, count: int) -> None:
        self.refused += count

    def _figures(self) -> None:
        if time.monotonic() - self._measured < FIGURES_EVERY:
            return
        if report := files.read_json(self.report):
            try:
                self.taker.measure([*figures(report), ("JournalEntriesRefused", float(self.refused), "Count")])
            except NeverError as error:
                _say(f"the figures were refused ({error})")
        self._measured = time.monotonic()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="proforma-ship", description=__doc__)
    parser.add_argument("--configuration", type=Path, default=Path("/etc/proforma/ship.json"))
    parser.add_argument("--state", type=Path, default=Path("/var/lib/proforma-ship/cursor.json"))
    parser.add_argument("--report", type=Path, default=Path("/run/proforma-monitor/status.json"))
    parser.add_argument("--once", action="store_true", help="one round; exit code 75 when CloudWatch did not take it")
    given = parser.parse_args(arguments)
    known = json.loads(given.configuration.read_text())
    watch = CloudWatch(known["log_group"], known["stream"], known["namespace"], known["region"], known["endpoint_url"])
    shipper, stop = Shipper(watch, given.state, given.report), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        shipper.round()
        if given.once:
            return 75 if shipper.pause else 0
        stop.wait(shipper.pause or EVERY)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
