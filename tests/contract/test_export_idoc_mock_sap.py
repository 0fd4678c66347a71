"""An SAP counterpart that nobody here wrote (mock-sap) takes our IDoc, once its idea of the sums is in the mapping."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.domain.content import Content, SapMapping
from portal.exporters.idoc import export
from tests.support.proforma_samples import SUPPLIER, content
from tests.support.tools import missing

MAPPING = SapMapping(company_code="1710", tax_code="V1", sum_gross="010", sum_net="011", sum_tax="205")
"""mock-sap reads 010 as gross, 011 as net, 205 as tax: receivers differ"""


@pytest.fixture(scope="module")
def sap() -> Iterator[str]:
    program = Path(sys.executable).with_name("mock-sap")
    if not program.exists():
        missing("mock-sap is not installed.", remedy="pip install -r app/requirements-dev.txt")
    command = [str(program), "--port", "0", "--no-csrf", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        yield next(found[0] for line in process.stdout if (found := re.search(r"http://[\d.]+:\d+", line)))
        process.terminate()


def post(sap: str, made: Content) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 loopback
        f"{sap}/sap/bc/idoc/idoc_xml",
        data=export(made).data,
        headers={"Content-Type": "application/xml", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 loopback
        return dict(json.load(answer))


def test_the_idoc_is_posted_with_our_number_our_total_and_our_supplier(sap: str) -> None:
    made = content(6, 40, sap=MAPPING)
    receipt = post(sap, made)
    assert receipt["STATUS"] == "53", receipt
    query = f"$format=json&$filter=SupplierInvoiceIDByInvcgParty%20eq%20'{made.number}'"
    address = f"{sap}/sap/opu/odata/sap/API_SUPPLIERINVOICE_PROCESS_SRV/A_SupplierInvoice?{query}"
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 loopback
        (invoice,) = json.load(answer)["d"]["results"]
    assert (invoice["InvoiceGrossAmount"], invoice["InvoicingParty"]) == (str(made.gross), SUPPLIER.number)


def test_a_mapping_that_is_not_the_receivers_is_found_out(sap: str) -> None:
    """The default mapping calls net what this receiver calls gross: it must not balance there."""
    receipt = post(sap, content(3, 0, number="PF-2026-000043", sap=SapMapping()))
    assert receipt["STATUS"] == "51"
