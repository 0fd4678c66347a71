"""How values become words and figures of a document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.domain.content import BoxCount
from portal.exporters.layout import text
from portal.exporters.layout.annex import annex
from portal.exporters.layout.view import box_reason, kind_and_priority, view
from tests.support.proforma_samples import content, with_lines


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\x00b\x07c", "a b c"),
        ("tab\tand\r\nline", "tab and line"),
        ("gpj\u202eexe.", "gpj exe."),
        ("Jose\u0301", "José"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("\ufeff  mark  \u2028", "mark"),
        ("Łukasz Zürich ß € 日本", "Łukasz Zürich ß € 日本"),
    ],
)
def test_what_must_not_be_seen_is_taken_out_and_letters_stay(dirty: str, clean: str) -> None:
    assert text.clean(dirty) == clean


def test_amounts_have_thousands_two_decimals_and_a_true_minus() -> None:
    assert text.amount(Decimal("1234567.50")) == "1,234,567.50"
    assert text.amount(Decimal("-12.00")) == "\u221212.00"
    assert text.signed(Decimal("50.00")) == "+50.00"


@pytest.mark.parametrize(
    ("value", "places", "least", "shown"),
    [
        ("22", 1, 0, "22\u2008\u2007"),
        ("2.5", 1, 0, "2.5"),
        ("3.00", 0, 0, "3"),
        ("12.50", 4, 2, "12.50\u2007\u2007"),
        ("-99.1234", 4, 2, "\u221299.1234"),
        ("100", 2, 2, "100.00"),
    ],
)
def test_decimals_of_a_column_align_without_needless_zeros(value: str, places: int, least: int, shown: str) -> None:
    assert text.aligned(Decimal(value), places, least) == shown


def test_a_column_has_as_many_decimals_as_its_longest_value_needs() -> None:
    assert text.decimals([Decimal("1.000"), Decimal("2.50")], 0) == 1
    assert text.decimals([Decimal("1E+2")], 2) == 2
    assert text.decimals([], 0) == 0


def test_an_instant_is_written_as_the_contracts_clocks_showed_it() -> None:
    assert text.instant(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin")) == "2026-04-01 00:30"
    assert text.instant(None, ZoneInfo("UTC")) == ""


@pytest.mark.parametrize(("number", "stem"), [("PF/2026 1", "PF-2026-1"), ("../../x", "x"), ("", "draft")])
def test_a_number_makes_a_harmless_file_name(number: str, stem: str) -> None:
    assert text.file_stem(number) == stem


def test_kind_and_priority_read_as_words() -> None:
    assert kind_and_priority("service_request", "2") == "Service request, P2"
    assert kind_and_priority("incident", "") == "Incident"


def test_the_same_code_reads_differently_when_a_person_excluded_or_carried_over() -> None:
    excluded, carried = BoxCount("excluded", "by_decision", 1), BoxCount("carried_over", "by_decision", 1)
    assert box_reason(excluded) == "excluded by a named person"
    assert box_reason(carried) == "set aside for a later month by a named person"
    assert box_reason(BoxCount("excluded", "a person's own words", 1)) == "a person's own words"


def test_an_edited_line_says_by_how_much_and_why() -> None:
    base = content(2, 0)
    edited = replace(base.lines[0], net=base.lines[0].net + 50, edited=Decimal("50.00"), reason="Night work")
    manual = replace(base.lines[1], origin="manual", reason="Goodwill")
    lines = view(with_lines(base, (edited, manual))).lines
    assert (lines[0].change, lines[0].reason) == ("Changed in review: +50.00 EUR (was 1,515.00)", "Night work")
    assert (lines[1].change, lines[1].reason) == ("Added in review", "Goodwill")


def test_the_annex_lists_each_billed_ticket_once_under_its_line_with_subtotals() -> None:
    made = content(6, 200)
    listed = annex(made)
    assert listed is not None
    assert [row[0] for section in listed.sections for row in section.rows] == [t.number for t in made.tickets]
    nets = [text.amount(line.net) for line in made.lines if line.origin == "tickets"]
    assert [section.sums[-1][1] for section in listed.sections] == nets


def test_the_annex_shows_an_edited_difference_below_the_rated_sum() -> None:
    base = content(3, 20)
    last = base.lines[-1]
    edited = replace(last, net=last.net - 10, edited=Decimal("-10.00"), reason="Agreed")
    listed = annex(with_lines(base, (*base.lines[:-1], edited)))
    assert listed is not None
    sums = dict(listed.sections[-1].sums)
    assert sums["Changed in review"] == "\u221210.00"
    assert sums[f"Net of line {last.position}, EUR"] == text.amount(edited.net)


def test_a_month_without_tickets_has_no_annex_and_says_so() -> None:
    made = content(3, 0)
    assert annex(made) is None
    assert view(made).annex == "No tickets were billed in this period."


def test_a_ticket_whose_line_is_missing_is_listed_nevertheless() -> None:
    base = content(3, 20)
    listed = annex(with_lines(base, base.lines[:-1]))
    assert listed is not None
    assert sum(len(section.rows) for section in listed.sections) == 20
    assert "No line of this proforma" in listed.sections[-1].title
