"""The data records, in the order of INVOIC02: head, one item a line, sums."""

from __future__ import annotations

import textwrap
from decimal import Decimal

from lxml import etree

from portal.domain.content import Content, Line, Party
from portal.exporters.idoc.segments import SEGMENTS, add, fitting
from portal.exporters.layout.text import clean, day

UNITS = {"month": "MON", "ticket": "PCE", "piece": "PCE", "hour": "HUR", "day": "DAY"}
"""ISO codes of units as SAP's T006I knows them; a unit of at most three characters is taken for a code itself"""
OTHER_UNIT = "PCE"
HEADER_TEXT = "PROFORMA - PLEASE PARK"
TEST_HEADER_TEXT = "TEST PROFORMA, DO NOT PAY"
"""the first text line becomes RBKP-BKTXT, which takes 25 characters"""


def write(idoc: etree._Element, content: Content) -> None:
    _head(idoc, content)
    for line in content.lines:
        _item(idoc, content, line)
    _sums(idoc, content)


def plain(value: Decimal) -> str:
    """A number as SAP reads it: a point, no thousands, no exponent."""
    return f"{value:f}"


def _rate(content: Content) -> str:
    """Percent with three decimals, as SAP writes it itself."""
    return f"{content.vat_rate:.3f}"


def _head(idoc: etree._Element, content: Content) -> None:
    issued = f"{content.issued_on:%Y%m%d}"
    add(
        idoc,
        "E1EDK01",
        CURCY=content.currency,
        KUNDEUINR=_short(content.customer.vat_id),
        EIGENUINR=_short(content.supplier.vat_id),
        BSART="INVO",
        BELNR=content.number,
    )
    _partners(idoc, content)
    add(idoc, "E1EDK02", QUALF="009", BELNR=content.number, DATUM=issued)
    if content.po_number:
        add(idoc, "E1EDK02", QUALF="001", BELNR=content.po_number)
    add(idoc, "E1EDK03", IDDAT="012", DATUM=issued)
    add(idoc, "E1EDK03", IDDAT="024", DATUM=issued)
    add(idoc, "E1EDK04", MWSKZ=content.sap.tax_code, MSATZ=_rate(content), MWSBT=plain(content.tax))
    _text(idoc, "E1EDKT1", "E1EDKT2", _header_texts(content))


def _partners(idoc: etree._Element, content: Content) -> None:
    for role in ("LF", "RS"):
        _partner(idoc, role, content.supplier, content.supplier.number, LIFNR=content.supplier.number)
    _partner(idoc, "RE", content.customer, content.sap.company_code)
    _partner(idoc, "AG", content.customer, content.customer.number)


def _partner(idoc: etree._Element, role: str, party: Party, number: str, LIFNR: str = "") -> None:  # noqa: N803
    """Address lines are free text: the last is the place, the one before it the street, the rest goes to NAME2."""
    *rest, street, place = ("", "", *party.address)[-2 - len(party.address) :]
    add(
        idoc,
        "E1EDKA1",
        PARVW=role,
        PARTN=number,
        LIFNR=LIFNR,
        NAME1=party.name,
        NAME2=", ".join(part for part in rest if part),
        STRAS=street,
        ORT01=place,
        LAND1=party.country,
        TELF1=party.phone,
    )


def _header_texts(content: Content) -> list[str]:
    texts = [
        TEST_HEADER_TEXT if content.test_mode else HEADER_TEXT,
        "Proforma, not a VAT invoice. To be parked, not posted.",
        f"Services from {day(content.period_start)} to {day(content.period_end)}",
        f"Contract {content.contract_number} {content.contract_title}" if content.contract_number else "",
        f"Payment terms: {content.payment_terms}" if content.payment_terms else "",
        f"{len(content.tickets)} tickets are billed; they are listed in the annex of the PDF.",
    ]
    return [text for text in texts if text]


def _item(idoc: etree._Element, content: Content, line: Line) -> None:
    item = add(
        idoc,
        "E1EDP01",
        POSEX=f"{line.position:06d}",
        MENGE=plain(line.quantity),
        MENEE=unit_code(line.unit),
        VPREI=plain(line.unit_price),
        PEINH="1",
        NETWR=plain(line.net),
        CURCY=content.currency,
    )
    if content.po_number:
        add(item, "E1EDP02", QUALF="001", BELNR=content.po_number, ZEILE=content.po_item)
    add(item, "E1EDP19", QUALF="002", KTEXT=line.description)
    for qualifier in ("003", "005"):  # invoice verification reads 003 first, 005 where there is none
        add(item, "E1EDP26", QUALF=qualifier, BETRG=plain(line.net))
    add(item, "E1EDP04", MWSKZ=content.sap.tax_code, MSATZ=_rate(content))
    _text(item, "E1EDPT1", "E1EDPT2", _item_texts(line, content.currency))


def _item_texts(line: Line, currency: str) -> list[str]:
    """What the short text has no room for, and what people changed."""
    texts = [line.description] if len(clean(line.description)) > SEGMENTS["E1EDP19"]["KTEXT"] else []
    if line.origin == "manual":
        texts.append(f"Added in review: {line.reason}")
    elif line.edited:
        texts.append(f"Changed in review by {line.edited:+f} {currency}: {line.reason}")
    return texts


def _text(parent: etree._Element, head: str, row: str, texts: list[str]) -> None:
    """A text, each paragraph begun with format "*" and continued with "=" (SAPscript)."""
    if not texts:
        return
    block = add(parent, head, TDID="0001", TSSPRAS="E", TSSPRAS_ISO="EN")
    for text in texts:
        for index, part in enumerate(textwrap.wrap(clean(text), SEGMENTS[row]["TDLINE"])):
            add(block, row, TDLINE=part, TDFORMAT="=" if index else "*")


def _sums(idoc: etree._Element, content: Content) -> None:
    """Receivers differ in the qualifiers: they come from the customer's mapping, where "" leaves one out."""
    sap = content.sap
    for qualifier, value in ((sap.sum_net, content.net), (sap.sum_tax, content.tax), (sap.sum_gross, content.gross)):
        if qualifier:
            add(idoc, "E1EDS01", SUMID=qualifier, SUMME=plain(value), SUNIT=content.currency, WAERQ=content.currency)


def unit_code(unit: str) -> str:
    name = clean(unit)
    return UNITS.get(name) or (name.upper() if 0 < len(name) <= 3 else OTHER_UNIT)


def _short(vat_id: str) -> str:
    """A VAT number as registered, without the blanks and dots people print it with, if only those make it too long."""
    value = clean(vat_id)
    return fitting("E1EDK01", "EIGENUINR", value if len(value) <= 20 else "".join(filter(str.isalnum, value)), 20)
