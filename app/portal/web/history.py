"""Audit entries in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.audit.models import Entry

SUBJECTS = {
    "accounts_user": "person",
    "contracts_contract": "contract",
    "contracts_customer": "customer",
    "contracts_fixedline": "fixed line",
    "contracts_rate": "price",
    "contracts_sapendpoint": "SAP endpoint",
    "contracts_supplier": "supplier",
    "contracts_ticketsource": "ticket source",
    "delivery_acknowledgement": "acknowledgement",
    "delivery_delivery": "delivery",
    "delivery_deliveryattempt": "attempt to deliver",
    "documents_document": "document",
    "documents_rendering": "rendering",
    "proformas_boxedticket": "boxes of tickets",
    "proformas_decision": "decision",
    "proformas_line": "line",
    "proformas_monthrun": "month",
    "proformas_proforma": "proforma",
    "tickets_collection": "collection",
}
VERBS = {"insert": "added", "update": "changed", "delete": "removed"}
NOISE = frozenset({"id", "header", "last_login", "date_joined", "position"})
NAMED = ("username", "name", "description", "number", "title")
MONEY = frozenset({"net", "tax", "gross", "unit_price", "rated_net"})
ARROW = "\N{RIGHTWARDS ARROW}"
TOLD = {"phase": "", "state": "", "outcome": "outcome ", "box": "", "gross": "total "}
"""fields whose values stand in the headline, with the word before them"""
MOVES = {
    ("draft", "in_review"): "submitted for review",
    ("in_review", "draft"): "sent back",
    ("approved", "draft"): "sent back",
    ("in_review", "approved"): "approved",
    ("approved", "issued"): "issued",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field. `before` is empty where the row was added."""

    field: str
    before: str
    after: str


def headline(entry: Entry) -> str:
    """What happened, in a few words: "line removed: Travel"."""
    subject = SUBJECTS.get(entry.subject, entry.subject)
    if move := _move(entry):
        return f"{subject} {move}"
    if entry.subject == "proformas_boxedticket":
        return f"tickets boxed: {_boxes(entry.changes)}" if entry.action != "delete" else "tickets taken out of boxes"
    verb = VERBS.get(entry.action, entry.action.replace("_", " "))
    name = _changed(entry) if entry.action == "update" else _name(entry.changes)
    return f"{subject} {verb}{': ' if name else ''}{name}"


def changes_of(entry: Entry) -> list[Change]:
    """The fields that people understand, without those that are empty."""
    update = entry.action == "update"
    rows = []
    for field, value in sorted(entry.changes.items()):
        if field in NOISE or value in (None, "", [], {}):
            continue
        before, after = value if update and isinstance(value, list) and len(value) == 2 else ("", value)
        name = field.removesuffix("_id").replace("_", " ")
        rows.append(Change(name, _text(before, field), _text(after, field)))
    return rows


def _move(entry: Entry) -> str:
    state = entry.changes.get("state")
    if entry.subject != "proformas_proforma" or entry.action != "update" or not isinstance(state, list):
        return ""
    return MOVES.get((state[0], state[1]), "")


def _changed(entry: Entry) -> str:
    """The state or total it came to, else the names of the fields: that says more than "changed"."""
    rows = changes_of(entry)
    told = [row for row in rows if row.field in TOLD]
    if told:
        return ", ".join(f"{TOLD[row.field]}{_plain(row.before) or 'none'} {ARROW} {_plain(row.after)}" for row in told)
    return ", ".join(row.field for row in rows[:4]) + (" and more" if len(rows) > 4 else "")


def _boxes(changes: dict[str, Any]) -> str:
    boxes = changes.get("boxes") or {}
    return ", ".join(f"{count} {_plain(box)}" for box, count in sorted(boxes.items()))


def _plain(text: str) -> str:
    return text.replace("_", " ")


def _name(changes: dict[str, Any]) -> str:
    return next((str(changes[name]) for name in NAMED if changes.get(name)), "")


def _text(value: Any, field: str) -> str:
    if value is None or value == "":
        return ""
    if field in MONEY and isinstance(value, int | float | str):
        return f"{Decimal(str(value)):,.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {inner}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
