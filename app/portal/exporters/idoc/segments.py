"""The segments of INVOIC02 that are written: their fields in order with their lengths in characters.

Source: the documentation of basic type INVOIC02 in transaction WE60 (release 4.0 and later); only fields that are used
are listed, in the order of the segment. A customer's own WE60 is the authority: README.md says how to compare.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from portal.domain.errors import InputError
from portal.exporters.layout.text import clean

_TAX = {"MWSKZ": 7, "MSATZ": 17, "MWSBT": 18}
_TEXT_HEAD = {"TDID": 4, "TSSPRAS": 3, "TSSPRAS_ISO": 2}
_TEXT_LINE = {"TDLINE": 70, "TDFORMAT": 2}
SEGMENTS: Mapping[str, Mapping[str, int]] = {
    "EDI_DC40": {
        "TABNAM": 10, "MANDT": 3, "DIRECT": 1, "TEST": 1, "IDOCTYP": 30, "MESTYP": 30, "MESCOD": 3, "MESFCT": 3,
        "SNDPOR": 10, "SNDPRT": 2, "SNDPRN": 10, "RCVPOR": 10, "RCVPRT": 2, "RCVPRN": 10,
        "CREDAT": 8, "CRETIM": 6, "ARCKEY": 70,
    },
    "E1EDK01": {"CURCY": 3, "KUNDEUINR": 20, "EIGENUINR": 20, "BSART": 4, "BELNR": 35},
    "E1EDKA1": {
        "PARVW": 3, "PARTN": 17, "LIFNR": 17, "NAME1": 35, "NAME2": 35, "STRAS": 35, "ORT01": 35, "LAND1": 3,
        "TELF1": 25,
    },
    "E1EDK02": {"QUALF": 3, "BELNR": 35, "DATUM": 8},
    "E1EDK03": {"IDDAT": 3, "DATUM": 8},
    "E1EDK04": _TAX,
    "E1EDKT1": _TEXT_HEAD,
    "E1EDKT2": _TEXT_LINE,
    "E1EDP01": {"POSEX": 6, "MENGE": 15, "MENEE": 3, "VPREI": 15, "PEINH": 9, "NETWR": 18, "CURCY": 3},
    "E1EDP02": {"QUALF": 3, "BELNR": 35, "ZEILE": 6},
    "E1EDP19": {"QUALF": 3, "KTEXT": 70},
    "E1EDP26": {"QUALF": 3, "BETRG": 18},
    "E1EDP04": _TAX,
    "E1EDPT1": _TEXT_HEAD,
    "E1EDPT2": _TEXT_LINE,
    "E1EDS01": {"SUMID": 3, "SUMME": 18, "SUNIT": 3, "WAERQ": 3},
}  # fmt: skip
PROSE = frozenset({"NAME1", "NAME2", "STRAS", "ORT01", "TELF1", "KTEXT", "TDLINE"})
"""what may be cut at its length; anything else that is too long is refused, because cut it would mean something else"""


def add(parent: etree._Element, name: str, **values: str) -> etree._Element:
    """One segment below `parent`, its fields in the documented order, empty ones left out.

    Raises InputError when a value that must not be cut is longer than its field.
    """
    segment = etree.SubElement(parent, name, SEGMENT="1")
    unknown = set(values) - set(SEGMENTS[name])
    if unknown:
        raise KeyError(f"{name} has no {sorted(unknown)}")
    for field, length in SEGMENTS[name].items():
        if value := fitting(name, field, clean(values.get(field, "")), length):
            etree.SubElement(segment, field).text = value
    return segment


def fitting(segment: str, field: str, value: str, length: int) -> str:
    """The value, cut if it is prose. Raises InputError if it is not and does not fit."""
    if len(value) <= length:
        return value
    if field in PROSE:
        return value[:length].rstrip()
    raise InputError(
        f"'{value}' has {len(value)} characters; SAP's field {segment}-{field} takes {length}.",
        where=f"{segment}-{field}",
        kept="No IDoc was made.",
        remedy="Shorten it on the contract or in the customer's SAP mapping.",
        code="idoc.too_long",
    )
