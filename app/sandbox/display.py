"""How ServiceNow shows a stored value: choice labels, the user's time zone, names of references. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.tables import REFERENCES

PRIORITIES = {"1": "1 - Critical", "2": "2 - High", "3": "3 - Moderate", "4": "4 - Low", "5": "5 - Planning"}
INCIDENT_STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
}
REQUEST_STATES = {
    "-5": "Pending",
    "1": "Open",
    "2": "Work in Progress",
    "3": "Closed Complete",
    "4": "Closed Incomplete",
    "7": "Closed Skipped",
}
CHOICES: dict[tuple[str, str], Mapping[str, str]] = {
    ("incident", "state"): INCIDENT_STATES,
    ("incident", "incident_state"): INCIDENT_STATES,
    ("sc_req_item", "state"): REQUEST_STATES,
    ("incident", "priority"): PRIORITIES,
    ("sc_req_item", "priority"): PRIORITIES,
}
FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a client asked the answer to look like."""

    fields: tuple[str, ...] = ()
    """empty: every field"""
    display: str = "false"
    """sysparm_display_value: false, true or all"""
    links: bool = True
    """False: sysparm_exclude_reference_link=true"""


@dataclass(frozen=True, slots=True)
class Presenter:
    """Turns rows of one table into the JSON a Shape asks for. `names` is (table, sys_id) -> name."""

    table: str
    zone: ZoneInfo
    base_url: str
    names: Mapping[tuple[str, str], str]

    def record(self, row: Mapping[str, str], shape: Shape, all_fields: tuple[str, ...]) -> dict[str, Any]:
        return {name: self._value(name, self.stored(row, name), shape) for name in shape.fields or all_fields}

    def stored(self, row: Mapping[str, str], name: str) -> str:
        """The stored value; `reference.name` is walked one step, and a field that is none is empty."""
        if name in row or not name.endswith((".name", ".sys_id", ".number")):
            return row.get(name, "")
        field, _, part = name.rpartition(".")
        key = row.get(field, "")
        return key if part == "sys_id" else self.names.get((REFERENCES.get(field, ""), key), "")

    def shown(self, name: str, value: str) -> str:
        """The display value: a label, a local time, a name, or the value itself."""
        if choices := CHOICES.get((self.table, name)):
            return choices.get(value, value)
        if name in REFERENCES:
            return self.names.get((REFERENCES[name], value), value)
        return _local(value, self.zone) if name.endswith(("_at", "_on")) else value

    def _value(self, name: str, value: str, shape: Shape) -> Any:
        link = self._link(name, value) if shape.links else ""
        if shape.display == "all":
            both = {"display_value": self.shown(name, value), "value": value}
            return {**both, "link": link} if link else both
        if shape.display == "true":
            shown = self.shown(name, value)
            return {"display_value": shown, "link": link} if link else shown
        return {"link": link, "value": value} if link else value

    def _link(self, name: str, value: str) -> str:
        table = REFERENCES.get(name)
        return f"{self.base_url}/api/now/table/{table}/{value}" if table and value else ""


def _local(value: str, zone: ZoneInfo) -> str:
    """A stored UTC date-time as the zone's clocks show it; what is no date-time stays as it is."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.replace(tzinfo=UTC).astimezone(zone).isoformat(" ")[:19] if len(value) == 19 else value
