"""A real month through the whole demo: a file of 7,341 incidents, and its control figures in every document."""

from __future__ import annotations

import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.support.demo import demo
from tests.support.exported import Sums, csv_sums, html_sums, pdf_sums, pdf_text

VARIABLE = "PROFORMA_REAL_TICKETS"
pytestmark = [pytest.mark.slow, pytest.mark.real_tickets]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} does not name the export of real incidents of 2016")
    directory = tmp_path_factory.mktemp("real")
    with demo(directory, "--once", "--tickets", named, "--period", "2016-03", "--timezone", "UTC") as running:
        assert running.ended() == 0, running.log.read_text()
    return directory / "out"


@pytest.fixture
def summary(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return found


def document(out: Path, ending: str) -> bytes:
    (path,) = [path for path in out.iterdir() if path.name.endswith(ending) and "tickets" not in path.name]
    return path.read_bytes()


def test_the_boxes_are_those_of_an_independent_count(summary: dict[str, Any]) -> None:
    assert summary["source_total"] == 7341
    assert summary["billed"] == 6878
    assert summary["excluded"] == {"no_resolution_date": 463}
    assert summary["carried_over"] == 0
    assert summary["billed_by_kind"] == {"incident": 6878}


def test_sap_has_parked_it(summary: dict[str, Any]) -> None:
    assert summary["acknowledgement"]["status"] == "53"
    assert summary["acknowledgement"]["outcome"] == "parked"


def test_all_documents_say_the_same_sums(out: Path, summary: dict[str, Any], tmp_path: Path) -> None:
    sums: Sums = (Decimal(summary["net"]), Decimal(summary["tax"]), Decimal(summary["gross"]))
    assert pdf_sums(pdf_text(document(out, ".pdf"), tmp_path)) == sums
    assert html_sums(document(out, ".html")) == sums
    assert csv_sums(document(out, ".csv")) == sums
    idoc = {s.findtext("SUMID"): s.findtext("SUMME") for s in etree.fromstring(document(out, ".xml")).iter("E1EDS01")}
    assert tuple(Decimal(idoc[sum_id] or "") for sum_id in ("010", "005", "011")) == sums


def test_the_annex_lists_every_billed_incident_once(out: Path, tmp_path: Path) -> None:
    text = pdf_text(document(out, ".pdf"), tmp_path)
    listed = re.findall(r"^\s{0,12}(INC\d{7})\s", text[text.index("Annex to proforma") :], flags=re.MULTILINE)
    assert len(listed) == len(set(listed)) == 6878


def test_no_stage_takes_much_memory(summary: dict[str, Any]) -> None:
    assert max(stage["peak_mb"] for stage in summary["stages"]) < 400
