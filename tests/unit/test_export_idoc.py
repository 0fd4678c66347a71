"""The IDoc: the right fields in the right order, no longer than SAP takes, asking to be parked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from portal.domain.content import Content, SapMapping
from portal.domain.errors import InputError
from portal.exporters.idoc import export, problems
from portal.exporters.idoc.body import HEADER_TEXT, TEST_HEADER_TEXT, unit_code
from portal.exporters.idoc.segments import SEGMENTS
from tests.support.proforma_samples import CUSTOMER, SUPPLIER, content, with_lines

ORDER = ["EDI_DC40", "E1EDK01", "E1EDKA1", "E1EDK02", "E1EDK03", "E1EDK04", "E1EDKT1", "E1EDP01", "E1EDS01"]
ITEM_ORDER = ["E1EDP02", "E1EDP19", "E1EDP26", "E1EDP04", "E1EDPT1"]


def tree(made: Content) -> Any:
    return etree.fromstring(export(made).data)


def one(root: Any, path: str) -> str:
    (found,) = root.xpath(path)
    return str(found.text)


def test_the_control_record_asks_for_parking_and_carries_the_content_hash() -> None:
    made = content()
    root = tree(made)
    control = {str(field.tag): field.text for field in root.iterfind("IDOC/EDI_DC40/*")}
    assert (control["MESCOD"], control["MESFCT"]) == ("PAR", "PRF")
    assert (control["IDOCTYP"], control["MESTYP"], control["DIRECT"]) == ("INVOIC02", "INVOIC", "2")
    assert control["ARCKEY"] == made.sha256()
    assert "TEST" not in control


def test_a_rehearsal_sets_the_test_flag_and_says_so_in_the_text() -> None:
    root = tree(content(test_mode=True))
    assert one(root, "//EDI_DC40/TEST") == "X"
    assert root.xpath("//E1EDKT2/TDLINE")[0].text == TEST_HEADER_TEXT


def test_the_first_text_line_fits_the_header_text_of_the_invoice() -> None:
    assert tree(content()).xpath("//E1EDKT2/TDLINE")[0].text == HEADER_TEXT
    assert max(len(HEADER_TEXT), len(TEST_HEADER_TEXT)) <= 25


def test_segments_and_fields_stand_in_the_order_of_the_basic_type_and_fit() -> None:
    base = content(6, 30)
    long = replace(base.lines[0], description="Ünwieldy " * 40, origin="manual", reason="because " * 30)
    party = replace(CUSTOMER, name="N" * 80, address=("A" * 80, "B" * 80, "C" * 80), phone="1" * 80)
    root = tree(replace(with_lines(base, (long, *base.lines[1:])), customer=party))
    names = [str(segment.tag) for segment in root.iterfind("IDOC/*")]
    assert names == sorted(names, key=ORDER.index)
    for item in root.iter("E1EDP01"):
        inner = [str(child.tag) for child in item if str(child.tag).startswith("E1")]
        assert inner == sorted(inner, key=ITEM_ORDER.index)
    for segment in root.iter(*SEGMENTS):
        fields = [str(field.tag) for field in segment if str(field.tag) not in SEGMENTS]
        assert fields == [name for name in SEGMENTS[str(segment.tag)] if name in fields]
        for field in segment:
            limit = SEGMENTS[str(segment.tag)].get(str(field.tag))
            assert limit is None or len(field.text or "") <= limit


def test_a_long_description_and_what_people_changed_are_told_in_full() -> None:
    base = content(2, 0)
    words = "Operation of the ticket platform in two data centres with emergency service on Sundays and holidays"
    edited = replace(
        base.lines[0], description=words, net=base.lines[0].net - 5, edited=Decimal("-5.00"), reason="Agreed"
    )
    root = tree(with_lines(base, (edited, base.lines[1])))
    said = " ".join(line.text or "" for line in root.xpath("//E1EDP01[1]//TDLINE"))
    assert said == f"{words} Changed in review by -5.00 EUR: Agreed"


def test_a_number_that_sap_would_cut_is_refused_with_the_remedy() -> None:
    export(content(number="1234567890123456"))
    with pytest.raises(InputError, match="more than the 16 characters") as refused:
        export(content(number="12345678901234567"))
    assert refused.value.problem.remedy


def test_a_draft_has_no_idoc() -> None:
    with pytest.raises(InputError, match="no number yet"):
        export(content(number=""))


@pytest.mark.parametrize(
    "mapping",
    [SapMapping(receiver_partner="MUCH-TOO-LONG"), SapMapping(message_code="PARK"), SapMapping(tax_code="TAXCODE1")],
)
def test_codes_are_never_cut(mapping: SapMapping) -> None:
    with pytest.raises(InputError, match="SAP's field"):
        export(content(sap=mapping))


def test_amounts_are_never_cut() -> None:
    base = content(1, 0)
    huge = replace(base.lines[0], net=Decimal("1234567890123456.00"))
    with pytest.raises(InputError, match="E1EDP01-NETWR"):
        export(with_lines(base, (huge,)))


def test_sums_use_the_customers_qualifiers() -> None:
    made = content(sap=SapMapping(sum_net="011", sum_tax="205", sum_gross="010"))
    sums = {s.findtext("SUMID"): s.findtext("SUMME") for s in tree(made).iter("E1EDS01")}
    assert sums == {"011": str(made.net), "205": str(made.tax), "010": str(made.gross)}


def test_the_purchase_order_is_named_in_the_head_and_on_each_item() -> None:
    root = tree(content(3, 0))
    assert one(root, "//E1EDK02[QUALF='001']/BELNR") == "4500017834"
    assert [z.text for z in root.xpath("//E1EDP02[QUALF='001']/ZEILE")] == ["00010"] * 3
    assert tree(content(3, 0, po_number="")).xpath("//E1EDP02 | //E1EDK02[QUALF='001']") == []


def test_no_text_of_a_ticket_leaves_in_the_idoc() -> None:
    base = content(3, 20)
    tickets = tuple(replace(t, summary="CANARY", group="CANARY") for t in base.tickets)
    assert b"CANARY" not in export(replace(base, tickets=tickets)).data


def test_what_sap_is_likely_to_miss_is_said_beforehand() -> None:
    assert problems(content()) == ()
    lacking = content(po_number="", supplier=replace(SUPPLIER, number=""), sap=SapMapping())
    assert [p.where for p in problems(lacking)] == ["supplier.number", "sap.company_code", "po_number", "sap.tax_code"]


def test_a_credit_is_not_sent_as_an_invoice() -> None:
    base = content(1, 0)
    with pytest.raises(InputError, match="credit"):
        export(with_lines(base, (replace(base.lines[0], net=Decimal("-1.00")),)))


@pytest.mark.parametrize(
    ("unit", "code"), [("month", "MON"), ("ticket", "PCE"), ("hour", "HUR"), ("kg", "KG"), ("workplace", "PCE")]
)
def test_units_are_written_as_iso_codes(unit: str, code: str) -> None:
    assert unit_code(unit) == code
