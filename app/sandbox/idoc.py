"""INVOIC02 as XML: parsed safely, and checked as a customer's SAP and its interface would. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from lxml import etree

LARGEST = 20 * 1024 * 1024
NUMBER_LENGTH = 16
"""BKPF-XBLNR and E1EDK02 of SAP's invoice verification take no more"""
CONTROL_NEEDED = ("MESTYP", "IDOCTYP", "SNDPRN", "SNDPOR", "RCVPRN", "RCVPOR")


class IdocError(ValueError):
    """The body is no IDoc that can be read at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Invoic:
    """What the sandbox reads of an INVOIC02. `findings` is empty when everything that is checked fits."""

    control: dict[str, str]
    """EDI_DC40, field by field"""
    number: str
    currency: str
    lines: int
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
    sha256: str
    findings: tuple[str, ...] = field(default=())


def read_invoic(data: bytes, client: str, sum_ids: tuple[str, str, str] = ("010", "005", "011")) -> Invoic:
    """Parse and check one IDoc posted for `client`. Raises IdocError when it cannot be parsed."""
    idoc = _idoc(_root(data))
    control = _fields(idoc.find("EDI_DC40"))
    number, found = _number(idoc)
    sums = {_text(node, "SUMID"): _amount(_text(node, "SUMME")) for node in idoc.iterfind("E1EDS01")}
    net, tax, gross = (sums.get(sum_id) for sum_id in sum_ids)
    items = idoc.findall("E1EDP01")
    findings = [*_check_control(control, client), *found, *_check_sums(items, (net, tax, gross), sum_ids)]
    head = idoc.find("E1EDK01")
    currency = _text(head, "CURCY") if head is not None else ""
    if not currency:
        findings.append("E1EDK01 has no CURCY")
    digest = hashlib.sha256(data).hexdigest()
    return Invoic(control, number, currency, len(items), net, tax, gross, digest, tuple(findings))


def _root(data: bytes) -> etree._Element:
    if len(data) > LARGEST:
        raise IdocError(f"The body has {len(data)} bytes; {LARGEST} are taken.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise IdocError(f"The body is no XML: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise IdocError("The body has a document type declaration; none is taken.")
    return root


def _idoc(root: etree._Element) -> etree._Element:
    if root.tag != "INVOIC02":
        raise IdocError(f"The root element is {root.tag}, expected INVOIC02.")
    idocs = root.findall("IDOC")
    if len(idocs) != 1:
        raise IdocError(f"The file holds {len(idocs)} IDOC elements, expected exactly one.")
    return idocs[0]


def _fields(segment: etree._Element | None) -> dict[str, str]:
    if segment is None:
        return {}
    return {str(child.tag): (child.text or "").strip() for child in segment if isinstance(child.tag, str)}


def _text(segment: etree._Element, name: str) -> str:
    return (segment.findtext(name) or "").strip()


def _number(idoc: etree._Element) -> tuple[str, list[str]]:
    """Our number (E1EDK02 QUALF 009), and what is wrong with it."""
    numbers = [_text(node, "BELNR") for node in idoc.iterfind("E1EDK02") if _text(node, "QUALF") == "009"]
    if len(numbers) != 1 or not numbers[0]:
        return "", [
            f"E1EDK02 with QUALF 009 and a BELNR is there {len([n for n in numbers if n])} times, expected once"
        ]
    number = numbers[0]
    if len(number) > NUMBER_LENGTH:
        return number, [f"E1EDK02-BELNR has {len(number)} characters, at most {NUMBER_LENGTH} are taken"]
    return number, []


def _check_control(control: dict[str, str], client: str) -> list[str]:
    if not control:
        return ["EDI_DC40 is missing"]
    findings = [f"EDI_DC40-{name} is missing" for name in CONTROL_NEEDED if not control.get(name)]
    expected = {"MESTYP": "INVOIC", "IDOCTYP": "INVOIC02"}
    findings += [
        f"EDI_DC40-{name} is {control[name]!r}, expected {value!r}"
        for name, value in expected.items()
        if control.get(name) and control[name] != value
    ]
    if control.get("MANDT") and control["MANDT"] != client:
        findings.append(f"EDI_DC40-MANDT is {control['MANDT']!r}, but it was posted to sap-client {client!r}")
    return findings


def _check_sums(
    items: list[etree._Element], sums: tuple[Decimal | None, ...], sum_ids: tuple[str, str, str]
) -> list[str]:
    """The items add up to the net sum, and net plus tax is gross."""
    if not items:
        return ["There is no E1EDP01: an invoice without items"]
    names = [f"E1EDS01 with SUMID {sum_id}" for sum_id in sum_ids]
    if lost := [f"{name} is missing or no number" for name, value in zip(names, sums, strict=True) if value is None]:
        return lost
    net, tax, gross = (value or Decimal(0) for value in sums)
    findings, total = [], Decimal(0)
    for position, item in enumerate(items, start=1):
        amount = item_net(item)
        if amount is None:
            findings.append(f"E1EDP01 number {position} has no E1EDP26 with QUALF 003 or 005 and a BETRG")
        total += amount or Decimal(0)
    if not findings and total != net:
        findings.append(f"the items add up to {total}, {names[0]} says {net}")
    if net + tax != gross:
        findings.append(f"{net} net and {tax} tax make {net + tax}, {names[2]} says {gross}")
    return findings


def item_net(item: etree._Element) -> Decimal | None:
    """The net amount of an item: E1EDP26 QUALF 003, else 005, as SAP's invoice verification reads them."""
    amounts = {_text(node, "QUALF"): _amount(_text(node, "BETRG")) for node in item.iterfind("E1EDP26")}
    found = amounts.get("003")
    return amounts.get("005") if found is None else found


def _amount(text: str) -> Decimal | None:
    """An IDoc amount: a point before the decimals, no thousands marks, SAP's minus at either end."""
    if not re.fullmatch(r"-?\d+(\.\d+)?-?", text):
        return None
    try:
        value = Decimal(text.strip("-"))
    except InvalidOperation:
        return None
    return -value if "-" in text else value
