"""Encoded queries as ServiceNow reads them."""

from __future__ import annotations

import pytest

from sandbox.query import Order, parse
from sandbox.tables import Table, sys_id

FIELDS = {"sys_id", "number", "state", "priority", "resolved_at", "closed_at", "short_description", "assignment_group"}
ROWS = [
    {"sys_id": "a1", "number": "INC1", "state": "7", "priority": "1", "resolved_at": "2026-03-01 00:00:00"},
    {"sys_id": "b2", "number": "INC2", "state": "6", "priority": "3", "resolved_at": "2026-03-31 21:59:59"},
    {"sys_id": "c3", "number": "INC3", "state": "8", "priority": "10", "resolved_at": ""},
    {"sys_id": "d4", "number": "RITM4", "state": "-5", "priority": "", "short_description": "Drucker defekt"},
]


def numbers(query: str) -> list[str]:
    parsed = parse(query, FIELDS)
    return [row["number"] for row in ROWS if parsed.holds(row)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "INC1 INC2 INC3 RITM4"),
        ("state=7", "INC1"),
        ("state!=7", "INC2 INC3 RITM4"),
        ("state=7^ORstate=6^priority=3", "INC2"),
        ("state=7^priority=3", ""),
        ("state=8^NQpriority=1", "INC1 INC3"),
        ("stateIN6,8", "INC2 INC3"),
        ("stateNOT IN6,8", "INC1 RITM4"),
        ("priority>=3", "INC2 INC3"),
        ("priority<3", "INC1"),
        ("priorityBETWEEN1@3", "INC1 INC2"),
        ("resolved_at>=2026-03-01 00:00:00^resolved_at<2026-03-31 21:59:59", "INC1"),
        ("resolved_at>2026-03-01 00:00:00", "INC2"),
        ("resolved_at<=2026-03-31 21:59:59", "INC1 INC2"),
        ("resolved_at>=2026-03-02", "INC2"),
        ("resolved_atBETWEEN2026-03-01 00:00:00@2026-03-31 21:59:59", "INC1 INC2"),
        ("resolved_atISEMPTY", "INC3 RITM4"),
        ("resolved_atISNOTEMPTY", "INC1 INC2"),
        ("short_descriptionLIKEDEFEKT", "RITM4"),
        ("numberSTARTSWITHinc", "INC1 INC2 INC3"),
        ("numberENDSWITH4", "RITM4"),
        ("numberDOES NOT CONTAININC", "RITM4"),
        ("state=7^EQ", "INC1"),
        ("number=a^^b", ""),
    ],
)
def test_a_query_selects(query: str, expected: str) -> None:
    assert numbers(query) == expected.split()


@pytest.mark.parametrize("query", ["resolved=2026-03-01", "number.of.nothing=1", "stateSOUNDSLIKE7", "(state=7)"])
def test_what_is_unknown_is_ignored_and_all_rows_come(query: str) -> None:
    assert numbers(query) == ["INC1", "INC2", "INC3", "RITM4"]
    assert parse(query, FIELDS).ignored == (query,)


def test_an_unknown_field_weakens_only_its_own_condition() -> None:
    assert numbers("state=7^resolved=2026-03-01") == ["INC1"]


def test_order_is_no_or_condition() -> None:
    query = parse("state=7^ORDERBYnumber^ORDERBYDESCpriority", FIELDS)
    assert query.order == (Order("number"), Order("priority", descending=True))
    assert len(query.alternatives[0]) == 1


def test_scripts_are_resolved_inside_lists_and_ranges() -> None:
    query = parse(
        "resolved_atBETWEENjavascript:gs.dateGenerate('2026-03-01','start')@2026-03-31",
        FIELDS,
        lambda value: "2026-02-28 23:00:00" if value.startswith("javascript:") else value,
    )
    assert query.alternatives[0][0][0].values == ("2026-02-28 23:00:00", "2026-03-31")


def many(count: int) -> Table:
    rows = [{"sys_id": sys_id("incident", str(i)), "number": f"INC{i}", "state": str(6 + i % 2)} for i in range(count)]
    return Table("incident", rows)


def test_keyset_paging_gives_every_row_once_and_counts_what_is_left() -> None:
    table, seen, last, totals = many(2500), [], "", []
    while True:
        page = table.select(parse(f"state=7^sys_id>{last}^ORDERBYsys_id", FIELDS), 0, 500)
        if not page.rows:
            break
        totals.append(page.total)
        seen += [row["number"] for row in page.rows]
        last = page.rows[-1]["sys_id"]
    assert sorted(seen) == sorted(f"INC{i}" for i in range(1, 2500, 2))
    assert totals == [1250, 750, 250]


def test_a_keyset_bound_holds_under_another_order_too() -> None:
    table = many(50)
    middle = table.rows[24]["sys_id"]
    page = table.select(parse(f"sys_id>{middle}^ORDERBYDESCnumber", FIELDS), 0, 50)
    assert {row["sys_id"] for row in page.rows} == {row["sys_id"] for row in table.rows[25:]}
    assert [row["number"] for row in page.rows] == sorted((row["number"] for row in page.rows), reverse=True)


def test_a_changed_row_is_found_by_its_new_value() -> None:
    table = many(10)
    key = table.rows[0]["sys_id"]
    before = table.select(parse("state=1", FIELDS), 0, 10).total
    table.put({"sys_id": key, "number": "INC0", "state": "1"})
    assert (before, table.select(parse("state=1", FIELDS), 0, 10).total, len(table)) == (0, 1, 10)
