"""Reading a ServiceNow CSV export: the last row counts, nothing is dropped, errors name the column."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sandbox.config import ConfigError
from sandbox.export_file import Export, Mapping, read_export

HEADER = "number,incident_state,priority,short_description,caller_id,opened_at,resolved_at,closed_at"
ROW = "INC001,Closed,3 - Moderate,Drucker defekt,José,2026-03-01 08:00:00,2026-03-02 09:00:00,2026-03-07 09:00:00"


def export(tmp_path: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8", **mapping: str) -> Export:
    path = tmp_path / "incidents.csv"
    path.write_bytes("\n".join([header, *lines]).encode(encoding))
    return read_export(path, Mapping(mapping))


def test_of_several_rows_with_one_number_the_last_counts(tmp_path: Path) -> None:
    read = export(tmp_path, "INC001,New,4,a,b,2026-03-01 08:00:00,,", "INC002,New,1,,,,,", ROW)
    assert (read.lines, [row["number"] for row in read.rows]) == (3, ["INC001", "INC002"])
    first = read.rows[0]
    assert (first["state"], first["incident_state"], first["priority"]) == ("7", "7", "3")


def test_two_rows_with_one_number_and_two_keys_are_two_tickets(tmp_path: Path) -> None:
    read = export(tmp_path, "a" * 32 + f",{ROW}", "b" * 32 + f",{ROW}", header=f"sys_id,{HEADER}")
    assert [row["sys_id"][0] for row in read.rows] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_names_survive_the_encodings_that_servicenow_writes(tmp_path: Path, encoding: str) -> None:
    assert export(tmp_path, ROW, encoding=encoding).rows[0]["caller_id"] == "José"


def test_a_gzipped_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "incidents.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{ROW}\n".encode()))
    assert len(read_export(path).rows) == 1


@pytest.mark.parametrize(
    ("word", "code"),
    [("New", "1"), ("Active", "2"), ("Awaiting User Info", "3"), ("Resolved", "6"), ("Closed", "7"), ("-100", "-100")],
)
def test_state_words_become_codes(tmp_path: Path, word: str, code: str) -> None:
    read = export(tmp_path, ROW.replace("Closed", word))
    assert (read.rows[0]["state"], read.findings) == (code, ())


def test_requested_items_are_known_by_number_or_class(tmp_path: Path) -> None:
    read = export(
        tmp_path,
        "RITM001,Closed Complete,4,,,2026-03-01 08:00:00,,2026-03-02 08:00:00,",
        "X1,3,4,,,2026-03-01 08:00:00,,2026-03-02 08:00:00,sc_req_item",
        header=f"{HEADER},sys_class_name",
    )
    assert [(row["sys_class_name"], row["state"]) for row in read.rows] == [("sc_req_item", "3")] * 2
    assert "incident_state" not in read.rows[0] or not read.rows[0]["incident_state"].isdigit()


def test_rows_that_cannot_be_understood_are_kept_and_named_by_line(tmp_path: Path) -> None:
    read = export(
        tmp_path,
        ROW,
        "INC002,Sleeping,,text,Łukasz,2026-03-01 08:00:00,2026-02-30 10:00:00,",
        ",Closed,3,text",
    )
    assert len(read.rows) == 3
    assert read.rows[1]["resolved_at"] == "2026-02-30 10:00:00"
    assert read.findings == (
        "line 3: the state is not known; kept as it stands",
        "line 3: priority is none of 1 to 5; kept as it stands",
        "line 3: resolved_at is no date-time; kept as it stands",
        "line 4: 4 values for 8 columns; kept as it stands",
        "line 4: no number (its key comes from the line); kept as it stands",
    )
    assert not any("ukasz" in finding or "text" in finding for finding in read.findings)


def test_keys_are_the_same_on_every_reading(tmp_path: Path) -> None:
    keys = [row["sys_id"] for row in export(tmp_path, ROW, ",Closed,3,,,,,").rows]
    assert keys == [row["sys_id"] for row in export(tmp_path, ROW, ",Closed,3,,,,,").rows]
    assert all(len(key) == 32 for key in keys)


@pytest.mark.parametrize("column", ["number", "priority", "resolved_at", "closed_at", "incident_state"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    with pytest.raises(ConfigError, match=f"column '{column}'"):
        export(tmp_path, ROW, header=HEADER.replace(column, f"u_{column}"))


def test_a_mapping_gives_columns_their_names(tmp_path: Path) -> None:
    header = HEADER.replace("resolved_at", "Gelöst am").replace("priority", "Priorität")
    read = export(tmp_path, ROW, header=header, resolved_at="Gelöst am", priority="Priorität")
    assert (read.rows[0]["resolved_at"], read.rows[0]["priority"]) == ("2026-03-02 09:00:00", "3")


def test_a_mapping_to_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="solved"):
        export(tmp_path, ROW, resolved_at="Solved")


def test_a_mapping_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(["number"]))
    with pytest.raises(ConfigError, match="our_field"):
        Mapping.from_file(path)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-03-02T09:00:00", "2026-03-02 09:00:00"),
        ("2026-03-02T09:00:00Z", "2026-03-02 09:00:00"),
        ("2026-03-02T09:00:00+01:00", "2026-03-02 08:00:00"),
        ("02.03.2026 09:00:00", "2026-03-02 09:00:00"),
    ],
)
def test_other_ways_of_writing_a_date_are_stored_as_utc(tmp_path: Path, written: str, kept: str) -> None:
    assert export(tmp_path, ROW.replace("2026-03-02 09:00:00", written)).rows[0]["resolved_at"] == kept


def test_a_semicolon_file_is_read_too(tmp_path: Path) -> None:
    read = export(tmp_path, ROW.replace(",", ";"), header=HEADER.replace(",", ";"))
    assert read.rows[0]["number"] == "INC001"


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_export(tmp_path / "nothing.csv")
