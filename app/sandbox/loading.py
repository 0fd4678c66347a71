"""What the sandbox serves: tables built from ticket rows, whether they come from a file or from the generator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sandbox.config import SandboxConfig
from sandbox.export_file import Export, Mapping, read_export
from sandbox.generator import Month, make_month
from sandbox.query import Condition
from sandbox.tables import FIELDS, REFERENCES, TICKET_TABLES, Table, sys_id

Names = dict[tuple[str, str], str]
SERVED_REFERENCES = {"sys_user": "name", "sys_user_group": "name", "sc_request": "number"}
"""referenced tables that are served too, and the field that names a record"""


@dataclass
class Stock:
    """Everything that can be read from the sandbox's ServiceNow."""

    tables: dict[str, Table]
    names: Names
    origin: str
    """one line: where the tickets come from"""
    findings: tuple[str, ...] = ()
    """what was wrong in the file, one line each, without any text of a ticket"""
    notes: dict[str, str] = field(default_factory=dict)

    def put(self, ticket: dict[str, str]) -> str:
        """Add or change one ticket and return its sys_id; fields that are not given stay as they were."""
        kind = ticket_table(ticket)
        key = ticket.get("sys_id") or sys_id(kind, ticket["number"])
        before = self.tables[kind].by_id.get(key, {"sys_id": key, "sys_class_name": kind})
        row = {**before, **self._referenced(ticket)}
        self.tables[kind].put({**row, "sys_id": key})
        return key

    def _referenced(self, ticket: dict[str, str]) -> dict[str, str]:
        row, names = with_references(ticket)
        self.names.update(names)
        return row

    def states(self) -> dict[str, dict[str, int]]:
        """How many tickets a table holds in each state."""
        return {t: dict(sorted(Counter(r.get("state", "") for r in self.tables[t]).items())) for t in TICKET_TABLES}


def load(config: SandboxConfig) -> Stock:
    """Read the tickets file, or make a month. Raises ConfigError."""
    if config.tickets is not None:
        return from_export(read_export(config.tickets, Mapping.from_file(config.mapping)), config)
    month = make_month(
        seed=config.seed,
        count=config.tickets_count,
        period=config.period,
        zone=ZoneInfo(config.timezone),
        dirty_blocking=config.dirty_blocking,
    )
    return from_month(month, config)


def from_export(export: Export, config: SandboxConfig) -> Stock:
    origin = f"{export.name}: {export.lines} lines, {len(export.rows)} tickets"
    return build(export.rows, origin, config, findings=export.findings)


def from_month(month: Month, config: SandboxConfig) -> Stock:
    origin = f"generated: {month.period} in {config.timezone}, seed {config.seed}"
    return build(month.rows, origin, config, notes=month.notes)


def build(
    rows: Iterable[dict[str, str]],
    origin: str,
    config: SandboxConfig,
    *,
    findings: tuple[str, ...] = (),
    notes: dict[str, str] | None = None,
) -> Stock:
    """Sort rows into tables, give references their keys, and add the users and groups that they name."""
    names: Names = {}
    tickets: dict[str, list[dict[str, str]]] = {name: [] for name in TICKET_TABLES}
    for raw in rows:
        row, found = with_references(raw)
        names.update(found)
        tickets[ticket_table(row)].append(row)
    tables = {name: Table(name, found_rows) for name, found_rows in tickets.items()}
    tables.update(_reference_tables(names, config))
    return Stock(tables, names, origin, findings, notes or {})


def ticket_table(row: dict[str, str]) -> str:
    """sc_req_item for what says so, or has a RITM number; everything else is an incident."""
    named = row.get("sys_class_name", "").strip().lower().replace(" ", "_")
    if named in ("sc_req_item", "requested_item", "service_request"):
        return "sc_req_item"
    return "sc_req_item" if not named and row.get("number", "").upper().startswith("RITM") else "incident"


def with_references(row: dict[str, str]) -> tuple[dict[str, str], Names]:
    """The row with keys in place of names, and the names by key. A value of 32 hex digits is a key already."""
    names: Names = {}
    result = dict(row)
    for name, table in REFERENCES.items():
        value = row.get(name, "")
        if value and not _is_key(value):
            result[name] = key = sys_id(table, value)
            names[(table, key)] = value
    return result, names


def _is_key(value: str) -> bool:
    return len(value) == 32 and set(value) <= set("0123456789abcdef")


def _reference_tables(names: Names, config: SandboxConfig) -> dict[str, Table]:
    tables = {}
    for name, label in SERVED_REFERENCES.items():
        rows = [{**_blank(name), "sys_id": key, label: text} for (table, key), text in names.items() if table == name]
        tables[name] = Table(name, rows)
    tables["sys_user"].put(_reader(config))
    return tables


def _reader(config: SandboxConfig) -> dict[str, str]:
    """The integration user itself, so that a client can ask who it is."""
    username = config.secrets.servicenow_username
    return {
        **_blank("sys_user"),
        "sys_id": sys_id("sys_user", username),
        "user_name": username,
        "name": "Proforma Integration",
        "active": "true",
        "time_zone": config.timezone,
    }


def _blank(table: str) -> dict[str, str]:
    return dict.fromkeys(FIELDS[table], "")


def walked(condition: Condition, names: Names, fields: Collection[str]) -> Condition | None:
    """`assignment_group.name=X` as a condition on assignment_group: one step, and only to what names a record."""
    field, _, part = condition.field.rpartition(".")
    if field not in fields or field not in REFERENCES or part not in ("sys_id", "name", "number"):
        return None
    if part == "sys_id":
        return Condition(field, condition.operator, condition.values)
    table, named = REFERENCES[field], Condition(part, condition.operator, condition.values)
    keys = (key for (of, key), name in names.items() if of == table and named.holds({part: name}))
    return Condition(field, "IN", tuple(keys))
