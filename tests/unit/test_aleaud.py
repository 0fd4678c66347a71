"""Acknowledgements as SAP systems send them, read without a database."""

from __future__ import annotations

from typing import Any

import pytest

from portal.channels.https_idoc.aleaud import AcknowledgementError, number_field, outcome, read


def message(*states: str, control: str = "", head: str = "") -> bytes:
    inner = "".join(f'<E1STATE SEGMENT="1">{state}</E1STATE>' for state in states)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ALEAUD01><IDOC BEGIN="1"><EDI_DC40 SEGMENT="1">'
        f'<MESTYP>ALEAUD</MESTYP>{control}</EDI_DC40><E1ADHDR SEGMENT="1"><MESTYP>INVOIC</MESTYP>{head}{inner}'
        f"</E1ADHDR></IDOC></ALEAUD01>"
    ).encode()


def state(status: str, text: str = "", **fields: str) -> str:
    more = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<STATUS>{status}</STATUS><STATXT>{text}</STATXT>{more}"


def decided(status: str, text: str, settings: dict[str, Any] | None = None, **fields: str) -> str:
    (report,) = read(message(state(status, text, **fields)))
    return outcome(report, settings or {})


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        ("53", "Document no. 5105600001 parked", "parked"),
        ("53", "Belegnummer 5105600001 wurde vorerfasst", "parked"),
        ("53", "Document 1900000001 1000 was held", "parked"),
        ("53", "Document 5105600001 preliminarily posted", "parked"),
        ("53", "Document no. 5105600001 posted", "posted"),
        ("53", "Beleg 5105600001 wurde gebucht", "posted"),
        ("53", "Parked document 1900000001 was posted", "posted"),
        ("53", "Document 1900000001 not parked", "posted"),
        ("53", "Rechnung 5105600001 konnte nicht vorerfasst werden, gebucht", "posted"),
        ("53", "withheld tax was considered", "posted"),
        ("53", "", "posted"),
        ("52", "Document 1900000001 not posted in full", "posted"),
        ("51", "No purchase order item found", "rejected"),
        ("51", "Document could not be parked", "rejected"),
        ("56", "IDoc with errors added", "rejected"),
        ("64", "IDoc ready to be transferred to application", ""),
        ("62", "IDoc passed to application", ""),
        ("50", "IDoc added", ""),
    ],
)
def test_the_outcome_is_posted_unless_parking_is_certain(status: str, text: str, expected: str) -> None:
    assert decided(status, text) == expected


def test_a_customers_own_message_number_decides_before_the_text() -> None:
    rules = {"outcomes": [{"status": "53", "code": "SAPZ9001", "outcome": "parked"}]}
    assert decided("53", "Beleg angelegt", rules, STACOD="SAPZ9001") == "parked"
    assert decided("53", "Beleg angelegt", rules, STACOD="SAPZ9002") == "posted"


@pytest.mark.parametrize("rule", [{"outcome": "parked"}, {"status": "53", "outcome": "paid"}, "parked", {}])
def test_a_rule_that_says_nothing_or_nonsense_decides_nothing(rule: Any) -> None:
    assert decided("53", "Document 1 posted", {"outcomes": [rule]}) == "posted"


def test_our_number_is_found_in_parameters_first_then_in_references_then_in_the_text() -> None:
    (report,) = read(
        message(
            state("53", "Document 1 for PF-2026-000003 parked", STAPA1="PF-2026-000001", STAPA3="1"),
            control="<REFINT>PF-2026-000002</REFINT>",
            head="<REFMES>PF-2026-000004</REFMES>",
        )
    )
    assert report.candidates[:4] == (
        ("E1STATE-STAPA1", "PF-2026-000001"),
        ("E1STATE-STAPA3", "1"),
        ("E1ADHDR-REFMES", "PF-2026-000004"),
        ("EDI_DC40-REFINT", "PF-2026-000002"),
    )
    assert ("E1STATE-STATXT", "PF-2026-000003") in report.candidates
    assert number_field({"number_field": "E1STATE-STAPA3"}) == "E1STATE-STAPA3"


def test_a_text_with_places_is_filled_from_the_parameters() -> None:
    (report,) = read(message(state("53", "Document &amp;1 &amp;2 was parked", STAPA1="5105600001", STAPA2="2026")))
    assert report.text == "Document 5105600001 2026 was parked"


def test_a_namespace_of_the_middleware_and_an_endless_text_do_no_harm() -> None:
    raw = message(state("53", "parked " + "x " * 50_000, STAPA1="A"))
    raw = raw.replace(b"<ALEAUD01>", b'<m:ALEAUD01 xmlns:m="urn:x">').replace(b"</ALEAUD01>", b"</m:ALEAUD01>")
    (report,) = read(raw)
    assert outcome(report, {}) == "parked"
    assert len(report.text) <= 300
    assert len(report.candidates) <= 50


def test_one_message_may_speak_of_many_idocs() -> None:
    reports = read(message(state("53", "parked", STAPA1="A"), state("51", "no", STAPA1="B"), state("", STAPA1="C")))
    assert [(r.status, r.candidates[0][1]) for r in reports] == [("53", "A"), ("51", "B")]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><ALEAUD01><IDOC><E1STATE><STATUS>53</STATUS><STATXT>&c;</STATXT></E1STATE>'
    "</IDOC></ALEAUD01>"
)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no XML"),
        (b"\xff\x00garbage", "no XML"),
        (b"<html><body>Sign in</body></html>", "root element is html"),
        (b"<ALEAUD01/>", "root element is ALEAUD01"),
        (b"<ALEAUD01><IDOC/></ALEAUD01>", "no E1STATE"),
        (message(state("")), "no E1STATE"),
        (BOMB.encode(), "document type"),
        (BOMB.replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"), "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><ALEAUD01/>', "document type"),
        (b"<ALEAUD01>" + b" " * (2 * 1024 * 1024) + b"</ALEAUD01>", "bytes"),
    ],
)
def test_what_is_no_acknowledgement_says_why_and_what_was_kept(raw: bytes, says: str) -> None:
    with pytest.raises(AcknowledgementError, match=says) as refused:
        read(raw)
    assert "kept as it came" in refused.value.problem.kept
