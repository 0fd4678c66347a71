"""The CSV files: readable by programs and spreadsheets, harmless in the latter."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.content import Exported
from portal.exporters.csv import COLUMNS, TICKET_COLUMNS, defuse, export, export_tickets
from tests.support.proforma_samples import content, with_lines


def rows(exported: Exported) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported.data.decode("utf-8-sig"), newline="")))


def test_lines_and_the_one_total_can_be_told_apart_and_add_up() -> None:
    made = content(6, 40)
    read = rows(export(made))
    lines = [row for row in read if row["record"] == "line"]
    (total,) = [row for row in read if row["record"] == "total"]
    assert sum(Decimal(row["net"]) for row in lines) == Decimal(total["net"]) == made.net
    assert (Decimal(total["tax"]), Decimal(total["gross"])) == (made.tax, made.gross)
    assert {row["tax"] + row["gross"] for row in lines} == {""}
    assert [Decimal(row["quantity"]) for row in lines] == [line.quantity for line in made.lines]


def test_every_billed_ticket_is_a_row_and_the_amounts_are_those_of_the_lines() -> None:
    made = content(6, 120)
    read = rows(export_tickets(made))
    assert [row["ticket"] for row in read] == [ticket.number for ticket in made.tickets]
    rated = sum((line.net for line in made.lines if line.origin == "tickets"), Decimal(0))
    assert sum(Decimal(row["amount"]) for row in read) == rated
    assert read[0]["counted_at"].endswith(("+01:00", "+02:00"))


def test_the_files_are_utf8_with_a_mark_and_lines_end_as_rfc_4180_says() -> None:
    for exported, columns in ((export(content()), COLUMNS), (export_tickets(content()), TICKET_COLUMNS)):
        assert exported.data.startswith(b"\xef\xbb\xbf" + ",".join(columns).encode() + b"\r\n")
        assert exported.data.count(b"\n") == exported.data.count(b"\r\n")
    assert "Zürcher Präzisionswerke AG" in export(content()).data.decode("utf-8-sig")
    assert export(content()).name == "PF-2026-000042.csv"
    assert export_tickets(content()).name == "PF-2026-000042-tickets.csv"


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+49 40 1", "'+49 40 1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("\r\n=1+1", "'=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("harmless;=1+1", "harmless;'=1+1"),
        ("a - b = c", "a - b = c"),
    ],
)
def test_a_text_that_a_spreadsheet_would_run_is_defused(text: str, harmless: str) -> None:
    assert defuse(text) == harmless


def test_negative_amounts_stay_numbers() -> None:
    base = content(2, 0)
    credit = replace(base.lines[1], net=Decimal("-99.12"), unit_price=Decimal("-99.1234"), origin="manual")
    read = rows(export(with_lines(base, (base.lines[0], credit))))
    assert (read[1]["net"], read[1]["unit_price"]) == ("-99.12", "-99.1234")


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_whatever_the_texts_are_no_cell_runs_and_no_row_breaks(texts: list[str]) -> None:
    base = content(2, len(texts))
    tickets = tuple(replace(t, summary=s, group=s) for t, s in zip(base.tickets, texts, strict=True))
    read = rows(export_tickets(replace(base, tickets=tickets)))
    assert len(read) == len(texts)
    for row in read:
        assert not row["summary"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert None not in row.values()


def test_a_rehearsal_is_marked_in_every_row() -> None:
    assert {row["note"] for row in rows(export(content(test_mode=True)))} == {"TEST - rehearsal, not for payment"}
    assert {row["note"] for row in rows(export_tickets(content()))} == {"Proforma, not a VAT invoice"}
