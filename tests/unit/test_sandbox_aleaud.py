"""The acknowledgement as XML, its pauses, and the faults that are counted down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from sandbox.acknowledger import pause
from sandbox.aleaud import acknowledgement, decide
from sandbox.faults import Fault, Faults
from sandbox.receipts import Receipt

NOW = datetime(2026, 4, 2, 8, 30, tzinfo=UTC)
PARKING = ("PAR", "PRF")


def receipt(**control: str) -> Receipt:
    sender = {"MANDT": "100", "SNDPRN": "PROFORMA", "SNDPOR": "OUT", "RCVPRN": "CUSTOMER", "RCVPOR": "IN", **control}
    when = NOW.isoformat()
    return Receipt(f"{7:016d}", "PF-<&>-1", "0" * 64, when, when, sender, "EUR", "1.00", "0.19", "1.19", lines=1)


@pytest.mark.parametrize(
    ("code", "function", "outcome"),
    [("PAR", "PRF", "parked"), ("PAR", "", "posted"), ("", "PRF", "posted"), ("", "", "posted")],
)
def test_only_the_agreed_codes_ask_for_parking(code: str, function: str, outcome: str) -> None:
    assert decide(receipt(MESCOD=code, MESFCT=function), "", PARKING).outcome == outcome


def test_sender_and_receiver_change_places() -> None:
    answer = decide(receipt(), "parked", PARKING)
    control = etree.fromstring(acknowledgement(receipt(), answer, NOW)).find("IDOC/EDI_DC40")
    assert control is not None
    places = [control.findtext(name) for name in ("SNDPRN", "SNDPOR", "RCVPRN", "RCVPOR")]
    assert places == ["CUSTOMER", "IN", "PROFORMA", "OUT"]
    assert (control.findtext("CREDAT"), control.findtext("CRETIM")) == ("20260402", "083000")


def test_the_text_fits_saps_field_and_the_number_survives_xml() -> None:
    answer = decide(receipt(), "rejected", PARKING, "Ä" * 100)
    state = etree.fromstring(acknowledgement(receipt(), answer, NOW)).find("IDOC/E1ADHDR/E1STATE")
    assert state is not None
    assert (state.findtext("STATXT"), state.findtext("STAPA1")) == ("Ä" * 70, "PF-<&>-1")
    assert (state.findtext("STATUS"), state.findtext("STATYP"), state.find("STAPA2")) == ("51", "E", None)


def test_pauses_double_up_to_a_minute() -> None:
    assert [pause(n) for n in (1, 2, 3, 4, 30)] == [0.5, 1.0, 2.0, 4.0, 60.0]


def test_faults_of_one_target_strike_in_turn_and_leave_the_others_alone() -> None:
    faults = Faults()
    for fault in (Fault(status=500, count=2), Fault(status=503), Fault(on="sap", status=404)):
        faults.add(fault)
    assert [faults.strike("servicenow").status for _ in range(4)] == [500, 500, 503, 503]
    assert faults.strike("oauth") == Fault(on="oauth")
    assert [f["on"] for f in faults.active()] == ["servicenow", "sap"]
