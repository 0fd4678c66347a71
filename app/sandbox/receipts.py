"""What the sandbox's SAP received: one XML and one JSON file an IDoc, so that a restart loses nothing."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox.idoc import Invoic

RECEIVED, PROCESSED = "64", "53"
FAILED = "51"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One IDoc and what became of it. Instants are ISO 8601 in UTC; amounts are strings."""

    docnum: str
    """SAP's own number of the IDoc, 16 digits"""
    number: str
    sha256: str
    received_at: str
    due_at: str
    """when it is processed, and the acknowledgement sent"""
    sender: dict[str, str]
    """the control record as it came"""
    currency: str
    net: str
    tax: str
    gross: str
    lines: int
    status: str = RECEIVED
    """64 ready to be processed, 53 processed, 51 failed"""
    outcome: str = ""
    text: str = "IDoc ready to be transferred to application"
    document: str = ""
    """number of the document made from it"""
    acknowledgement: str = "waiting"
    """waiting, sent, none (no address is configured)"""
    attempts: int = 0
    last_error: str = ""
    next_attempt_at: str = ""
    acknowledged_at: str = ""

    def due(self, now: datetime) -> bool:
        return self.acknowledgement == "waiting" and datetime.fromisoformat(self.next_attempt_at or self.due_at) <= now


class DoubleError(Exception):
    """The same number or the same bytes came before; `first` is the receipt of then."""

    def __init__(self, first: Receipt, same: str) -> None:
        self.first, self.same = first, same
        super().__init__(f"{same} was received before, at {first.received_at}, as IDoc {first.docnum}")


class Receipts:
    """All receipts of one state directory. Safe for several threads of one process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._receipts = {receipt.docnum: receipt for receipt in self._stored()}

    def _stored(self) -> list[Receipt]:
        files = sorted(self._directory.glob("*.json"))
        return [Receipt(**json.loads(path.read_text(encoding="utf-8"))) for path in files]

    def add(self, invoic: Invoic, data: bytes, after: float, now: datetime | None = None) -> Receipt:
        """Keep an IDoc on disk. Raises DoubleError and keeps nothing when it came before."""
        now = now or datetime.now(UTC)
        with self._lock:
            self._refuse_double(invoic)
            receipt = _receipt(invoic, f"{len(self._receipts) + 1:016d}", now, after)
            _write(self._directory / f"{receipt.docnum}.xml", data)
            self._keep(receipt)
        return receipt

    def _refuse_double(self, invoic: Invoic) -> None:
        for receipt in self._receipts.values():
            if receipt.number == invoic.number:
                raise DoubleError(receipt, f"the number {invoic.number}")
            if receipt.sha256 == invoic.sha256:
                raise DoubleError(receipt, "the same content")

    def change(self, docnum: str, **values: str | int) -> Receipt:
        with self._lock:
            return self._keep(replace(self._receipts[docnum], **values))  # type: ignore[arg-type]

    def _keep(self, receipt: Receipt) -> Receipt:
        text = json.dumps(asdict(receipt), ensure_ascii=False, indent=1)
        _write(self._directory / f"{receipt.docnum}.json", text.encode())
        self._receipts[receipt.docnum] = receipt
        return receipt

    def by_number(self, number: str) -> Receipt | None:
        with self._lock:
            return next((r for r in self._receipts.values() if r.number == number), None)

    def all(self) -> list[Receipt]:
        with self._lock:
            return list(self._receipts.values())


def _receipt(invoic: Invoic, docnum: str, now: datetime, after: float) -> Receipt:
    return Receipt(
        docnum=docnum,
        number=invoic.number,
        sha256=invoic.sha256,
        received_at=now.isoformat(timespec="seconds"),
        due_at=(now + timedelta(seconds=after)).isoformat(timespec="milliseconds"),
        sender=invoic.control,
        currency=invoic.currency,
        net=str(invoic.net),
        tax=str(invoic.tax),
        gross=str(invoic.gross),
        lines=invoic.lines,
    )


def _write(path: Path, data: bytes) -> None:
    """All of the file or nothing of it, also when the power goes."""
    part = path.with_suffix(path.suffix + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
