"""The proforma as IDoc INVOIC02 in XML, as SAP's invoice verification reads it, asking to be parked, never posted.

What each field holds and where that is from: README.md. What differs between customers is in `Content.sap`.
"""

from __future__ import annotations

from lxml import etree

from portal.domain.content import Content, Exported
from portal.domain.errors import InputError, Problem
from portal.exporters.idoc import body, control
from portal.exporters.layout.text import clean, file_stem

MEDIA_TYPE = "application/xml"
NUMBER_LENGTH = 16
"""E1EDK02-BELNR takes 35, but it becomes RBKP-XBLNR, and that takes 16"""


def export(content: Content) -> Exported:
    """One IDoc. Raises InputError for a draft, a credit, and what SAP's fields cannot hold uncut."""
    _check(content)
    root = etree.Element("INVOIC02")
    idoc = etree.SubElement(root, "IDOC", BEGIN="1")
    control.write(idoc, content)
    body.write(idoc, content)
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Exported(f"{file_stem(content.number)}-idoc.xml", MEDIA_TYPE, data)


def problems(content: Content) -> tuple[Problem, ...]:
    """What can be written, but is likely to end in SAP's status 51: worth saying before it is sent."""
    remedy = "Add it to the customer's SAP mapping or to the contract."
    needed = (
        ("supplier.number", content.supplier.number, "our supplier number at the customer (E1EDKA1 LF and RS)"),
        ("sap.company_code", content.sap.company_code, "the customer's company code (E1EDKA1 RE)"),
        ("po_number", content.po_number, "the purchase order (E1EDP02 001)"),
        ("sap.tax_code", content.sap.tax_code, "the tax code (E1EDK04, E1EDP04)"),
    )
    return tuple(
        Problem("idoc.incomplete", f"The IDoc will lack {what}.", where, remedy)
        for where, value, what in needed
        if not value
    )


def _check(content: Content) -> None:
    if not clean(content.number):
        raise InputError(
            "The proforma has no number yet.",
            where="number",
            kept="No IDoc was made.",
            remedy="Issue it first: the number is taken at issue.",
            code="idoc.no_number",
        )
    if len(clean(content.number)) > NUMBER_LENGTH:
        raise InputError(
            f"The number '{content.number}' has more than the {NUMBER_LENGTH} characters that SAP keeps of it.",
            where="number",
            kept="No IDoc was made.",
            remedy="Shorten the prefix of the number series.",
            code="idoc.number_too_long",
        )
    if content.gross < 0:
        raise InputError(
            f"The total is {content.gross} {content.currency}; a credit cannot be sent as an invoice (BSART INVO).",
            where="gross",
            kept="No IDoc was made.",
            remedy="Set the credit off against a later month.",
            code="idoc.credit",
        )
