"""The thread that processes IDocs when they are due, and tells the portal until it has understood."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import requests

from sandbox.aleaud import Answer, acknowledgement, decide
from sandbox.config import SandboxConfig
from sandbox.faults import Fault, Faults
from sandbox.receipts import Receipt, Receipts

log = logging.getLogger(__name__)
LONGEST_PAUSE = 60.0
POLL_SECONDS = 0.1
STOP_SECONDS = 2.0
TIMEOUT = (5, 20)
NOBODYS_NUMBER = "SANDBOX-UNKNOWN"


class Acknowledger:
    """Works on what the Receipts hold, so that a restart goes on where it stopped."""

    def __init__(self, config: SandboxConfig, receipts: Receipts, faults: Faults) -> None:
        self._config, self._receipts, self._faults = config, receipts, faults
        self._stop = threading.Event()
        self._once = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="acknowledger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A post that hangs is left behind: it is on disk as waiting, so the next start sends it."""
        self._stop.set()
        self._thread.join(timeout=STOP_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.work()
            except Exception:  # one receipt that cannot be answered must not end the thread that answers the others
                log.exception("an acknowledgement could not be prepared")

    def work(self, now: datetime | None = None) -> int:
        """Do all that is due; returns how many receipts were touched."""
        if self._faults.peek("acknowledgement").hold:
            return 0
        now = now or datetime.now(UTC)
        due = [receipt for receipt in self._receipts.all() if receipt.due(now)]
        for receipt in due:
            self.acknowledge(receipt)
        return len(due)

    def acknowledge(self, receipt: Receipt, outcome: str = "", text: str = "") -> Receipt:
        """Process one receipt if it was not, and send its acknowledgement once. What fails is tried again later."""
        with self._once:
            fault = self._faults.strike("acknowledgement")
            forced = outcome or fault.outcome or ("" if receipt.outcome else self._config.outcome)
            answer = self._processed(receipt, forced, text or fault.text)
            receipt = self._receipts.change(
                receipt.docnum, status=answer.status, outcome=answer.outcome, text=answer.text, document=answer.document
            )
            if not self._config.acknowledge_url:
                return self._receipts.change(receipt.docnum, acknowledgement="none")
            return self._send(receipt, answer, fault)

    def _processed(self, receipt: Receipt, forced: str, text: str) -> Answer:
        """What was decided once stays, unless someone forces something else."""
        if receipt.outcome and not (forced or text):
            return Answer(receipt.outcome, receipt.document, receipt.text)
        return decide(receipt, forced or receipt.outcome, self._config.parking, text)

    def _send(self, receipt: Receipt, answer: Answer, fault: Fault) -> Receipt:
        number = NOBODYS_NUMBER if fault.wrong_number else ""
        body = acknowledgement(receipt, answer, datetime.now(UTC), number)
        trouble = self._post(body)
        if not trouble and fault.duplicate:
            trouble = self._post(body)
        now = datetime.now(UTC)
        attempts = receipt.attempts + 1
        if not trouble:
            return self._receipts.change(
                receipt.docnum,
                acknowledgement="sent",
                attempts=attempts,
                last_error="",
                acknowledged_at=now.isoformat(timespec="seconds"),
            )
        log.warning("acknowledgement of %s, attempt %d: %s", receipt.number, attempts, trouble)
        next_at = (now + timedelta(seconds=pause(attempts))).isoformat(timespec="milliseconds")
        return self._receipts.change(
            receipt.docnum, acknowledgement="waiting", attempts=attempts, last_error=trouble, next_attempt_at=next_at
        )

    def _post(self, body: bytes) -> str:
        """ "" when the portal took it, else why not."""
        secrets, config = self._config.secrets, self._config
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment has no business between sandbox and portal
            if secrets.acknowledgement_username:
                session.auth = (secrets.acknowledgement_username, secrets.acknowledgement_password)
            try:
                response = session.post(
                    config.acknowledge_url,
                    data=body,
                    headers={"Content-Type": "application/xml; charset=utf-8", "X-Proforma-Sandbox": "1"},
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    verify=str(config.acknowledge_ca) if config.acknowledge_ca else True,
                )
            except requests.RequestException as error:
                return f"{type(error).__name__}: the portal could not be reached"
        return "" if response.status_code in (200, 201, 202, 204) else f"the portal answered {response.status_code}"


def pause(attempts: int) -> float:
    """Seconds before the next attempt: 0.5, 1, 2, 4 ... at most 60."""
    return min(0.25 * 2.0**attempts, LONGEST_PAUSE) if attempts < 12 else LONGEST_PAUSE
