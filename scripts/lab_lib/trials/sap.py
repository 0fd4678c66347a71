"""Customer A's side, asked on its own hosts: what SAP received, and what is to go wrong there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InsecureRequestWarning

from sandbox.generator import make_month
from scripts.host_lib.places import Place
from scripts.lab_lib.trials.machines import TrialError, network_of

ZONE = ZoneInfo("Europe/Berlin")


class _There(HTTPAdapter):
    """Opens connections in the customer's network."""

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__(max_retries=2)

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:  # type: ignore[override]
        with network_of(self.place):
            return super().send(request, **given)


@dataclass(frozen=True, slots=True)
class Customer:
    """The sandbox that plays customer A's systems. `servicenow`, `sap`: base URLs on its own host."""

    place: Place
    servicenow: str
    sap: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.verify = False  # by its address on its own host; the portal is who checks its certificate
        self.session.mount("https://", _There(self.place))
        urllib3.disable_warnings(InsecureRequestWarning)

    def ask(self, method: str, base: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of an answer. Raises TrialError."""
        answer = self.session.request(method, base + path, json=body, timeout=10)
        if not answer.ok:
            raise TrialError(f"customer A's sandbox: {method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer.json()

    def received(self) -> list[dict[str, Any]]:
        """One object an IDoc: number, sha256, net, tax, gross, status, acknowledgement ..."""
        found: list[dict[str, Any]] = self.ask("GET", self.sap, "/sandbox/received")["received"]
        return found

    def fault(self, **fault: Any) -> None:
        """Switch a fault on, for ServiceNow or SAP by its key `on`."""
        self.ask("POST", self._door(str(fault.get("on", ""))), "/sandbox/faults", fault)

    def mend(self) -> None:
        for base in dict.fromkeys((self.servicenow, self.sap)):
            self.ask("DELETE", base, "/sandbox/faults")

    def _door(self, what: str) -> str:
        return self.sap if what.startswith(("sap", "ack")) else self.servicenow

    def tickets(self, period: str, count: int = 60, *, undecided: bool = False) -> int:
        """Put a month's tickets into its service management; returns how many rows. The same every time."""
        month = make_month(seed=1, count=count, period=period, zone=ZONE, dirty_blocking=undecided)
        return self.put(month.rows)

    def put(self, rows: Iterable[Mapping[str, str]]) -> int:
        answers = [self.session.post(f"{self.servicenow}/sandbox/tickets", json=dict(row), timeout=10) for row in rows]
        if refused := [answer.text for answer in answers if not answer.ok]:
            raise TrialError(f"customer A's sandbox takes no ticket: {refused[0][:200]}")
        return len(answers)
