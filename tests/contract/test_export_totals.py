"""One proforma, four formats: each of them, read by its own reader, says the same sums."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.domain.content import Content, Line
from portal.domain.money import line_net
from portal.exporters import csv, html, idoc, pdf
from sandbox.idoc import read_invoic
from tests.support.exported import csv_sums, html_sums, idoc_sums, pdf_sums, pdf_text
from tests.support.proforma_samples import content, with_lines

pytestmark = pytest.mark.slow

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=90)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Lines with odd quantities, prices and words, some edited; any VAT rate. Never a credit: an IDoc cannot say it."""
    base = content(3, draw(st.integers(0, 5)), seed=draw(st.integers(0, 9)))
    drawn = draw(
        st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**7), st.integers(0, 3), WORDS), max_size=6)
    )
    more = tuple(
        _line(position, Decimal(quantity) / 100, Decimal(price) / 10000, Decimal(edited), words)
        for position, (quantity, price, edited, words) in enumerate(drawn, start=len(base.lines) + 1)
    )
    rate = Decimal(draw(st.sampled_from(["0", "7", "19", "20", "5.5", "8.1"])))
    tickets = tuple(replace(ticket, summary=draw(WORDS)) for ticket in base.tickets)
    return with_lines(replace(base, vat_rate=rate, tickets=tickets), (*base.lines, *more))


def _line(position: int, quantity: Decimal, price: Decimal, edited: Decimal, words: str) -> Line:
    net = line_net(quantity, price) + edited
    return Line(position, "fixed", words, quantity, "month", price, net, edited=edited, reason=words)


def expected(made: Content) -> tuple[Decimal, Decimal, Decimal]:
    return made.net, made.tax, made.gross


@given(contents())
@settings(max_examples=60, deadline=None)
def test_html_idoc_and_csv_say_the_sums_of_the_proforma(made: Content) -> None:
    assert html_sums(html.export(made).data) == expected(made)
    assert idoc_sums(idoc.export(made).data, made) == expected(made)
    assert csv_sums(csv.export(made).data) == expected(made)


@given(contents())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pdf_says_the_sums_of_the_proforma(tmp_path: Path, made: Content) -> None:
    assert pdf_sums(pdf_text(pdf.export(made).data, tmp_path)) == expected(made)


@pytest.mark.parametrize(("lines", "tickets"), [(5, 30), (12, 400), (40, 0)])
def test_a_whole_month_says_the_same_in_all_four(lines: int, tickets: int, tmp_path: Path) -> None:
    made = content(lines, tickets)
    said = {
        pdf_sums(pdf_text(pdf.export(made).data, tmp_path)),
        html_sums(html.export(made).data),
        idoc_sums(idoc.export(made).data, made),
        csv_sums(csv.export(made).data),
    }
    assert said == {expected(made)}


@given(contents())
@settings(max_examples=40, deadline=None)
def test_the_sandbox_sap_finds_nothing_amiss_in_any_idoc(made: Content) -> None:
    read = read_invoic(idoc.export(made).data, made.sap.client)
    assert read.findings == ()
    assert (read.number, read.currency, read.lines) == (made.number, made.currency, len(made.lines))
