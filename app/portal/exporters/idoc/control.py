"""The control record EDI_DC40: who sends what to whom, and that it is to be parked."""

from __future__ import annotations

from lxml import etree

from portal.domain.content import Content
from portal.exporters.idoc.segments import add


def write(idoc: etree._Element, content: Content) -> None:
    """MESCOD and MESFCT choose the receiver's process code (WE20); ARCKEY carries the content hash, DOCNUM is SAP's."""
    sap = content.sap
    add(
        idoc,
        "EDI_DC40",
        TABNAM="EDI_DC40",
        MANDT=sap.client,
        DIRECT="2",
        TEST="X" if content.test_mode else "",
        IDOCTYP="INVOIC02",
        MESTYP="INVOIC",
        MESCOD=sap.message_code,
        MESFCT=sap.message_function,
        SNDPOR=sap.sender_port,
        SNDPRT="LS",
        SNDPRN=sap.sender_partner,
        RCVPOR=sap.receiver_port,
        RCVPRT="LS",
        RCVPRN=sap.receiver_partner,
        CREDAT=f"{content.issued_on:%Y%m%d}",
        CRETIM="000000",
        ARCKEY=content.sha256(),
    )
