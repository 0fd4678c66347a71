"""The settings of a ServiceNow source, as they stand in the customer's row, checked.

| key | meaning | default |
|---|---|---|
| tables | list of tables, or object of table -> the date it is counted by (`resolved_at` or `closed_at`) | \
["incident", "sc_req_item"] |
| page_size | rows a request, 1 to 2000 (ServiceNow cuts big pages) | 1000 |
| parallel | requests side by side, 1 to 16 | 8 |
| extra_query | encoded query that every row must fit too, for example `company=...`; no `^NQ`, no `ORDERBY` | "" |
| fields | object of table -> {our field: ServiceNow's field}; "" leaves ours empty | {} |
| caller_field | object of table -> the field of the person, or one field for all; "" reads no person | see parse.py |
| ca_file | PEM file of the authority that signed the server's certificate | "": the public ones |

Stored values and query inputs are UTC, whatever the account's zone; there is no setting for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.domain.errors import SourceError
from portal.sources.servicenow.parse import INCIDENT_FIELDS, OURS, REQUEST_FIELDS

COUNTED_BY = {"incident": "resolved_at", "sc_req_item": "closed_at"}
KNOWN = frozenset({"tables", "page_size", "parallel", "extra_query", "fields", "caller_field", "ca_file"})
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*|")
LARGEST_PAGE = 2000
MOST_PARALLEL = 16


@dataclass(frozen=True, slots=True)
class TableSettings:
    """One table: `counted_by` is our field, `fields` is ours -> ServiceNow's."""

    name: str
    counted_by: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    tables: tuple[TableSettings, ...]
    page_size: int = 1000
    parallel: int = 8
    extra_query: str = ""
    ca_file: str = ""


def settings_of(data: Mapping[str, Any]) -> Settings:
    """Raises SourceError that names the key."""
    if strange := sorted(set(data) - KNOWN):
        raise _refused(strange[0], f"is not known; known are {', '.join(sorted(KNOWN))}")
    counted = _tables(data.get("tables", list(COUNTED_BY)))
    return Settings(
        tuple(TableSettings(name, by, _fields(name, by, data)) for name, by in counted.items()),
        _number(data, "page_size", 1000, LARGEST_PAGE),
        _number(data, "parallel", 8, MOST_PARALLEL),
        _extra_query(data.get("extra_query", "")),
        str(data.get("ca_file", "")),
    )


def _tables(given: Any) -> dict[str, str]:
    tables = given if isinstance(given, Mapping) else {name: COUNTED_BY.get(name, "closed_at") for name in _list(given)}
    for name, by in tables.items():
        if not NAME.fullmatch(str(name)) or by not in ("resolved_at", "closed_at"):
            raise _refused("tables", "names no table, or a date that is neither resolved_at nor closed_at")
    if not tables:
        raise _refused("tables", "is empty")
    return dict(tables)


def _list(given: Any) -> list[str]:
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return given
    raise _refused("tables", "is neither a list of names nor an object")


def _fields(table: str, counted_by: str, data: Mapping[str, Any]) -> Mapping[str, str]:
    standard = INCIDENT_FIELDS if counted_by == "resolved_at" else REQUEST_FIELDS
    caller = data.get("caller_field")
    caller = caller.get(table) if isinstance(caller, Mapping) else caller
    own = _object(_object(data.get("fields", {}), "fields").get(table, {}), "fields")
    fields = {**standard, **({} if caller is None else {"caller": caller}), **own}
    if set(fields) != set(OURS) or not all(isinstance(f, str) and FIELD.fullmatch(f) for f in fields.values()):
        raise _refused("fields", f"of {table} may name {', '.join(OURS)}, each with a field of ServiceNow")
    if missing := [name for name in ("source_key", "number", "state", counted_by) if not fields[name]]:
        raise _refused("fields", f"of {table} leaves {', '.join(missing)} empty, without which nothing can be billed")
    if fields["source_key"] != "sys_id":
        raise _refused("fields", f"of {table} must read source_key from sys_id, by which pages are turned")
    return fields


def _object(given: Any, key: str) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    raise _refused(key, "is no object")


def _number(data: Mapping[str, Any], key: str, default: int, largest: int) -> int:
    value = data.get(key, default)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= largest:
        return value
    raise _refused(key, f"is no whole number from 1 to {largest}")


def _extra_query(given: Any) -> str:
    """A second alternative or an order in it would undo the conditions that follow."""
    if not isinstance(given, str) or re.search(r"\^NQ|ORDERBY|GROUPBY|\^EQ", given):
        raise _refused("extra_query", "is no encoded query, or holds ^NQ, ^EQ, ORDERBY or GROUPBY")
    return given.strip("^")


def _refused(key: str, why: str) -> SourceError:
    return SourceError(
        f"The setting {why}.",
        where=f"ServiceNow source, settings: {key}",
        remedy="Correct it on the customer's source.",
    )
