"""ALEAUD01: what a customer's SAP says later about an IDoc it received. Pure.

Where our number stands: E1STATE-STAPA1 (the first parameter of the status message, where SAP's program RBDSTATE puts
what the status text is about; STAPA2 is the document made). E1STATE-DOCNUM is the DOCNUM of the IDoc that we sent,
E1PRTOB-DOCNUM the one that SAP gave it, E1PRTOB-OBJTYPE BUS2081 and -OBJKEY the invoice document with its year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from sandbox.receipts import Receipt

STATUS = {"parked": "53", "posted": "53", "rejected": "51"}
MESSAGES = {"parked": ("M8", "075"), "posted": ("M8", "060"), "rejected": ("M8", "108")}
"""STAMID, STAMNO: message class of SAP's invoice verification; the numbers are the sandbox's choice"""
TEXT_LENGTH = 70
INVOICE = "BUS2081"


@dataclass(frozen=True, slots=True)
class Answer:
    """How an IDoc ended. `document` is empty when none was made."""

    outcome: str
    document: str
    text: str

    @property
    def status(self) -> str:
        return STATUS[self.outcome]


def decide(receipt: Receipt, forced: str, parking: tuple[str, str], text: str = "") -> Answer:
    """Parked when MESCOD and MESFCT ask for it, posted otherwise, unless an outcome is forced."""
    came = (receipt.sender.get("MESCOD", ""), receipt.sender.get("MESFCT", ""))
    outcome = forced or ("parked" if came == parking else "posted")
    document = "" if outcome == "rejected" else f"51056{int(receipt.docnum):05d}"
    texts = {
        "parked": f"Document no. {document} parked",
        "posted": f"Document no. {document} posted",
        "rejected": f"No purchase order item found for {receipt.number}",
    }
    return Answer(outcome, document, (text or texts[outcome])[:TEXT_LENGTH])


def acknowledgement(receipt: Receipt, answer: Answer, now: datetime, number: str = "") -> bytes:
    """The XML. `number` takes the place of ours (a fault that can be switched on)."""
    root = etree.Element("ALEAUD01")
    idoc = etree.SubElement(root, "IDOC", BEGIN="1")
    _segment(idoc, "EDI_DC40", _control(receipt, now))
    header = _segment(idoc, "E1ADHDR", {"MESTYP": "INVOIC", **_routing(receipt.sender)})
    state = _segment(header, "E1STATE", _state(receipt, answer, now, number or receipt.number))
    made = {"OBJTYPE": INVOICE, "OBJKEY": f"{answer.document}{now:%Y}"} if answer.document else {}
    _segment(state, "E1PRTOB", {"DOCNUM": receipt.docnum, "LOGSYS": receipt.sender.get("RCVPRN", ""), **made})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _control(receipt: Receipt, now: datetime) -> dict[str, str]:
    """Sender and receiver change places."""
    came = receipt.sender
    return {
        "TABNAM": "EDI_DC40",
        "MANDT": came.get("MANDT", ""),
        "DOCNUM": f"{9_000_000_000_000_000 + int(receipt.docnum)}",
        "DIRECT": "1",
        "IDOCTYP": "ALEAUD01",
        "MESTYP": "ALEAUD",
        "SNDPOR": came.get("RCVPOR", ""),
        "SNDPRT": came.get("RCVPRT", "LS"),
        "SNDPRN": came.get("RCVPRN", ""),
        "RCVPOR": came.get("SNDPOR", ""),
        "RCVPRT": came.get("SNDPRT", "LS"),
        "RCVPRN": came.get("SNDPRN", ""),
        "CREDAT": f"{now:%Y%m%d}",
        "CRETIM": f"{now:%H%M%S}",
    }


def _routing(control: Mapping[str, str]) -> dict[str, str]:
    return {name: control[name] for name in ("MESCOD", "MESFCT") if control.get(name)}


def _state(receipt: Receipt, answer: Answer, now: datetime, number: str) -> dict[str, str]:
    message_class, message_number = MESSAGES[answer.outcome]
    return {
        "DOCNUM": receipt.sender.get("DOCNUM", ""),
        "LOGDAT": f"{now:%Y%m%d}",
        "LOGTIM": f"{now:%H%M%S}",
        "STATUS": answer.status,
        "STACOD": f"SAP{message_class}{message_number}",
        "STATXT": answer.text,
        "STAPA1": number,
        "STAPA2": answer.document,
        "STATYP": "E" if answer.status == "51" else "S",
        "STAMID": message_class,
        "STAMNO": message_number,
    }


def _segment(parent: etree._Element, name: str, fields: Mapping[str, str]) -> etree._Element:
    """A segment with its fields that are not empty, as SAP's port writes it."""
    segment = etree.SubElement(parent, name, SEGMENT="1")
    for field_name, value in fields.items():
        if value:
            etree.SubElement(segment, field_name).text = value
    return segment
