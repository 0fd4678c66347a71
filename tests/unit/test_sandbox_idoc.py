"""What the sandbox's SAP takes, and what it says about what it does not take."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.idoc import IdocError, read_invoic
from tests.support.sandbox import invoic


def test_an_idoc_that_adds_up_has_no_findings() -> None:
    read = read_invoic(invoic(), "100")
    assert read.findings == ()
    assert (read.number, read.currency, read.lines) == ("PF-2026-000001", "EUR", 2)
    assert (read.net, read.tax, read.gross) == (Decimal("1234.50"), Decimal("234.56"), Decimal("1469.06"))


@pytest.mark.parametrize(
    ("idoc", "finding"),
    [
        (invoic(MESTYP="ORDERS"), "EDI_DC40-MESTYP is 'ORDERS', expected 'INVOIC'"),
        (invoic(IDOCTYP="INVOIC01"), "EDI_DC40-IDOCTYP is 'INVOIC01', expected 'INVOIC02'"),
        (invoic(SNDPRN=""), "EDI_DC40-SNDPRN is missing"),
        (invoic(RCVPOR=""), "EDI_DC40-RCVPOR is missing"),
        (invoic(MANDT="200"), "EDI_DC40-MANDT is '200', but it was posted to sap-client '100'"),
        (invoic(number=""), "E1EDK02 with QUALF 009 and a BELNR is there 0 times, expected once"),
        (invoic(number="PF-2026-000000001"), "E1EDK02-BELNR has 17 characters, at most 16 are taken"),
        (invoic(net="1234.51", tax="0.00"), "the items add up to 1234.50, E1EDS01 with SUMID 010 says 1234.51"),
        (invoic(gross="1469.07"), "1234.50 net and 234.56 tax make 1469.06, E1EDS01 with SUMID 011 says 1469.07"),
        (invoic(nets=("1,5",), net="1.50"), "E1EDP01 number 1 has no E1EDP26 with QUALF 003 or 005 and a BETRG"),
        (invoic(nets=(), net="1.00"), "There is no E1EDP01: an invoice without items"),
        (invoic().replace(b"<SUMID>005", b"<SUMID>105"), "E1EDS01 with SUMID 005 is missing or no number"),
        (invoic().replace(b"<CURCY>EUR</CURCY>", b""), "E1EDK01 has no CURCY"),
        (invoic().replace(b"EDI_DC40", b"EDI_DC41"), "EDI_DC40 is missing"),
    ],
)
def test_what_does_not_fit_is_said(idoc: bytes, finding: str) -> None:
    assert read_invoic(idoc, "100").findings == (finding,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<INVOIC02><IDOC>", "no XML"),
        (b"", "no XML"),
        (b"<ORDERS05><IDOC/></ORDERS05>", "expected INVOIC02"),
        (b"<INVOIC02/>", "0 IDOC elements"),
        (b"<INVOIC02><IDOC/><IDOC/></INVOIC02>", "2 IDOC elements"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><INVOIC02>&x;</INVOIC02>', "document type"),
        (b'<!DOCTYPE INVOIC02 SYSTEM "http://127.0.0.1:1/x.dtd"><INVOIC02/>', "document type"),
    ],
)
def test_what_is_no_idoc_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(IdocError, match=message):
        read_invoic(body, "100")


def test_a_billion_laughs_are_not_laughed() -> None:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    with pytest.raises(IdocError):
        read_invoic(f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]><INVOIC02>&l9;</INVOIC02>'.encode(), "100")


def test_the_item_amount_is_qualifier_003_and_only_without_it_005() -> None:
    without = invoic(nets=("10.00",)).replace(b"<QUALF>003", b"<QUALF>005")
    both = invoic(nets=("10.00",)).replace(
        b"</E1EDP01>", b"<E1EDP26><QUALF>005</QUALF><BETRG>11.90</BETRG></E1EDP26></E1EDP01>"
    )
    assert read_invoic(without, "100").findings == read_invoic(both, "100").findings == ()


def test_a_minus_may_stand_at_the_end_as_sap_writes_it() -> None:
    assert read_invoic(invoic(nets=("100.00", "20.00-"), net="80.00"), "100").findings == ()


def test_the_ids_of_the_sums_can_be_those_of_another_receiver() -> None:
    other = invoic().replace(b"<SUMID>010", b"<SUMID>xxx").replace(b"<SUMID>011", b"<SUMID>010")
    other = other.replace(b"<SUMID>xxx", b"<SUMID>011")
    assert read_invoic(other, "100", ("011", "005", "010")).findings == ()
    assert read_invoic(other, "100").findings != ()
