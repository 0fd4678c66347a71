"""Reads documents back as their readers do: the PDF by poppler, the others by their own parsers."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from portal.domain.content import Content
from tests.support.tools import tool

Sums = tuple[Decimal, Decimal, Decimal]
"""net, tax, gross"""


def pdf_text(data: bytes, tmp_path: Path, *options: str) -> str:
    """What pdftotext reads, laid out as on the page."""
    path = tmp_path / "read.pdf"
    path.write_bytes(data)
    command = [tool("pdftotext", package="poppler-utils"), "-layout", *options, str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def pdf_pages(data: bytes, tmp_path: Path) -> list[str]:
    """The text of each page."""
    return pdf_text(data, tmp_path).split("\f")[:-1]


def figure(printed: str) -> Decimal:
    """A number as printed for people."""
    return Decimal(re.sub(r"[,\s\u2007\u2008]", "", printed).replace("\u2212", "-"))


def pdf_sums(text: str) -> Sums:
    found = [
        re.search(pattern, text) for pattern in (r"Net total\s+(\S+)", r"VAT \S+ %\s+(\S+)", r"Total [A-Z]{3}\s+(\S+)")
    ]
    net, tax, gross = (figure(match[1]) for match in found if match)
    return net, tax, gross


def html_sums(data: bytes) -> Sums:
    tree: Any = lxml_html.fromstring(data.decode())
    cells = tree.xpath("//table[@class='totals']//td/text()")
    net, tax, gross = (figure(str(cell)) for cell in cells)
    return net, tax, gross


def idoc_sums(data: bytes, content: Content) -> Sums:
    sums = {s.findtext("SUMID"): Decimal(s.findtext("SUMME") or "") for s in etree.fromstring(data).iter("E1EDS01")}
    return sums[content.sap.sum_net], sums[content.sap.sum_tax], sums[content.sap.sum_gross]


def csv_sums(data: bytes) -> Sums:
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    (total,) = [row for row in rows if row["record"] == "total"]
    return Decimal(total["net"]), Decimal(total["tax"]), Decimal(total["gross"])
