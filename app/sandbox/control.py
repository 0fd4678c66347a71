"""/sandbox/: the page for people, and the switches for trainers and tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, Response, render_template_string, request

from sandbox.acknowledger import Acknowledger
from sandbox.config import OUTCOMES, SandboxConfig
from sandbox.display import INCIDENT_STATES, REQUEST_STATES
from sandbox.faults import Fault, FaultError, Faults
from sandbox.loading import Stock
from sandbox.page import PAGE
from sandbox.receipts import Receipts
from sandbox.replies import json_reply

LABELS = {"incident": INCIDENT_STATES, "sc_req_item": REQUEST_STATES}
SHOWN = 50
PRESETS: dict[str, dict[str, Any]] = {
    "ServiceNow is slow (3 s)": {"latency_ms": 3000},
    "ServiceNow fails (next 3 requests)": {"status": 500, "count": 3},
    "ServiceNow says: too many requests (5)": {"too_many": 5, "retry_after": 3},
    "ServiceNow sends a sign-in page": {"html": True},
    "ServiceNow sends nothing, like for a wrong credential": {"empty": True},
    "ServiceNow counts wrongly": {"wrong_totals": True},
    "ServiceNow hides rows (ACL)": {"acl_short_pages": 0.2},
    "ServiceNow ignores the query": {"ignore_query": True},
    "SAP stores the next upload, then is silent": {"on": "sap", "timeout_after_store": True, "count": 1},
    "SAP stores the next upload, then fails": {"on": "sap", "status": 500, "after_store": True, "count": 1},
    "SAP fails before it stores (next upload)": {"on": "sap", "status": 503, "count": 1},
    "SAP's look-up is down": {"on": "sap_status", "status": 503},
    "The next acknowledgement rejects": {"on": "acknowledgement", "outcome": "rejected", "count": 1},
    "The next acknowledgement says posted": {"on": "acknowledgement", "outcome": "posted", "count": 1},
    "Acknowledgements come twice": {"on": "acknowledgement", "duplicate": True},
    "Acknowledgements are held back": {"on": "acknowledgement", "hold": True},
}
"""the buttons of the page: what staff are trained on"""


@dataclass
class Control:
    """What is loaded, received and acknowledged; and what may be made to go wrong."""

    config: SandboxConfig
    stock: Stock
    receipts: Receipts
    faults: Faults
    acknowledger: Acknowledger

    def page(self) -> str:
        return render_template_string(
            PAGE,
            stock=self.stock,
            states=self._states(),
            receipts=sorted(self.receipts.all(), key=lambda r: r.docnum, reverse=True)[:SHOWN],
            faults=self.faults.active(),
            acknowledge_url=self.config.acknowledge_url,
            presets=PRESETS,
            outcomes=OUTCOMES,
            findings=self.stock.findings[:SHOWN],
        )

    def _states(self) -> list[tuple[str, str, int]]:
        return [
            (table, f"{LABELS[table].get(code, '')} ({code})", count)
            for table, states in self.stock.states().items()
            for code, count in states.items()
        ]

    def summary(self) -> Response:
        stock = self.stock
        return json_reply(
            {
                "origin": stock.origin,
                "tables": {name: len(table) for name, table in stock.tables.items()},
                "states": stock.states(),
                "notes": stock.notes,
                "findings": list(stock.findings),
            }
        )

    def received(self) -> Response:
        return json_reply({"received": [asdict(receipt) for receipt in self.receipts.all()]})

    def read_faults(self) -> Response:
        return json_reply({"faults": self.faults.active()})

    def add_fault(self) -> Response:
        """From JSON, or from a button of the page (form field `preset`)."""
        try:
            if preset := request.form.get("preset"):
                self.faults.add(Fault.from_json(PRESETS.get(preset)))
                return _back()
            self.faults.add(Fault.from_json(request.get_json(silent=True)))
        except FaultError as mistake:
            return json_reply({"error": str(mistake)}, 400)
        return json_reply({"faults": self.faults.active()}, 201)

    def clear_by_button(self) -> Response:
        self.faults.clear()
        return _back()

    def clear_faults(self) -> Response:
        self.faults.clear()
        return json_reply({"faults": []})

    def acknowledge(self) -> Response:
        """Send the acknowledgement of {"number", "outcome"?, "text"?} now, whether it is due or was sent before."""
        data = request.form or _object()
        receipt = self.receipts.by_number(data.get("number", ""))
        if receipt is None:
            return json_reply({"error": f"Nothing was received under the number '{data.get('number', '')}'."}, 404)
        outcome = data.get("outcome", "")
        if outcome and outcome not in OUTCOMES:
            return json_reply({"error": f'"outcome" is one of {", ".join(OUTCOMES)}.'}, 400)
        acknowledged = self.acknowledger.acknowledge(receipt, outcome, data.get("text", ""))
        return _back() if request.form else json_reply(asdict(acknowledged))

    def put_ticket(self) -> Response:
        """Add or change one ticket: {"number": ..., "state": ..., ...}, with ServiceNow's names and stored values."""
        data = _object()
        if not data.get("number") or not all(isinstance(value, str) for value in data.values()):
            return json_reply({"error": 'A ticket is a JSON object of strings with a "number".'}, 400)
        return json_reply({"sys_id": self.stock.put(data)}, 201)


def blueprint(control: Control) -> Blueprint:
    routes = Blueprint("control", __name__)
    for path, view, method in (
        ("/", control.page, "GET"),
        ("/summary", control.summary, "GET"),
        ("/received", control.received, "GET"),
        ("/faults", control.read_faults, "GET"),
        ("/faults", control.add_fault, "POST"),
        ("/faults", control.clear_faults, "DELETE"),
        ("/faults/clear", control.clear_by_button, "POST"),
        ("/acknowledge", control.acknowledge, "POST"),
        ("/tickets", control.put_ticket, "POST"),
    ):
        routes.add_url_rule(f"/sandbox{path}", view.__name__, view, methods=[method])
    routes.add_url_rule("/", "home", _back)
    return routes


def _back() -> Response:
    """To the page."""
    return Response(status=303, headers={"Location": "/sandbox/"})


def _object() -> dict[str, Any]:
    data = request.get_json(silent=True)
    return data if isinstance(data, dict) else {}
