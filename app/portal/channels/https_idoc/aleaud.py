"""ALEAUD01: what a customer's SAP says later about IDocs that it received. Pure.

One message may speak of many IDocs (SAP's program RBDSTATE collects them): each E1STATE is one report. Our number is
looked for in the parameters of the status message (STAPA1 to STAPA4), then in the reference fields of the control
record and of E1ADHDR, then among the words of the text, unless the customer's settings name one field.

"53" says that SAP made a document, not which kind: whether it was parked or posted stands in the text, or in the
message number (STACOD), so customers' settings can say it exactly:

    "acknowledgement": {
        "number_field": "E1STATE-STAPA3",
        "outcomes": [{"status": "53", "code": "SAPM8075", "text": "vorerfasst", "outcome": "parked"}]
    }

In an entry of `outcomes` every key that is given has to fit (`text`: is contained, case does not count); the first
entry that fits counts. Where none fits, the rules of `default_outcome` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from portal.domain.errors import PortalError

LARGEST = 2 * 1024 * 1024
LONGEST_TEXT, MOST_WORDS = 300, 40
"""of a status; SAP's STATXT has 70 characters, and four parameters of 50 may be filled in"""
PARKED, POSTED, REJECTED = "parked", "posted", "rejected"
OUTCOMES = (PARKED, POSTED, REJECTED)
PARAMETERS = ("STAPA1", "STAPA2", "STAPA3", "STAPA4")
REFERENCES = ("REFINT", "REFGRP", "REFMES", "ARCKEY")
DONE = frozenset({"41", "52", "53"})
"""a document was made, with 52 not in full (table TEDS1; 41 and 40 where an EDI subsystem speaks for SAP)"""
FAILED = frozenset({"40", "51", "54", "55", "56", "57", "60", "63", "65", "68"})
"""none was made, and none will be until somebody does something"""

# "Preliminarily posted" is SAP's English for parked; "parked document 1900 posted" is one that was posted since.
PRELIMINARY = re.compile(r"prelim\w*\s+(?:posted|posting|entered|entry)", re.I)
PARKING = re.compile(r"\b(?:parked|parking|held|vorerfass\w*|gemerkt\w*|vorl[aä]ufig\w*)\b", re.I)
POSTING = re.compile(r"\b(?:posted|posting|gebucht\w*)\b", re.I)
NEGATED = re.compile(r"\b(?:not|nicht|never|un)\b[\s-]*(?:\w+\s+){0,2}?(?:parked|held|vorerfasst|gemerkt)\b", re.I)


class AcknowledgementError(PortalError):
    """What came back cannot be read."""

    code = "acknowledgement.unreadable"


@dataclass(frozen=True, slots=True)
class Report:
    """What SAP says of one IDoc. `candidates` are (field, value) where our number may stand, the likeliest first."""

    status: str
    code: str
    text: str
    candidates: tuple[tuple[str, str], ...] = field(default=())


def read(raw: bytes) -> tuple[Report, ...]:
    """Every report of a message, in its order. Raises AcknowledgementError."""
    root = _root(raw)
    name = etree.QName(root).localname  # middleware puts it into a namespace of its own
    idocs = root.findall("IDOC") if re.fullmatch(r"ALEAUD\d\d", name) else []
    reports = tuple(report for idoc in idocs for report in _reports(idoc))
    if not reports:
        found = f"The root element is {name[:40]}" if not idocs else "It holds no E1STATE with a STATUS"
        raise _unreadable(f"{found}, expected ALEAUD01 with E1STATE.")
    return reports


def outcome(report: Report, settings: Mapping[str, Any]) -> str:
    """parked, posted or rejected; "" for a status on the way (64 ready, 62 passed on ...) that is no outcome yet."""
    for rule in settings.get("outcomes", ()):
        if isinstance(rule, Mapping) and rule.get("outcome") in OUTCOMES and _fits(rule, report):
            return str(rule["outcome"])
    return default_outcome(report)


def default_outcome(report: Report) -> str:
    """Posted wherever parked is not certain: a needless warning costs a look, a missed one may cost a payment."""
    if report.status in DONE:
        text = PRELIMINARY.sub("parked", report.text)
        parked = PARKING.search(text) and not POSTING.search(text) and not NEGATED.search(text)
        return PARKED if parked else POSTED
    return REJECTED if report.status in FAILED else ""


def number_field(settings: Mapping[str, Any]) -> str:
    """The one field in which this customer's SAP puts our number, for example E1STATE-STAPA3; "" is any."""
    return str(settings.get("number_field", ""))


def _fits(rule: Mapping[str, Any], report: Report) -> bool:
    given = {name: str(rule[name]) for name in ("status", "code", "text") if rule.get(name)}
    return bool(given) and all(
        value.lower() in report.text.lower() if name == "text" else value == getattr(report, name)
        for name, value in given.items()
    )


def _root(raw: bytes) -> etree._Element:
    if len(raw) > LARGEST:
        raise _unreadable(f"It has {len(raw)} bytes; at most {LARGEST} are read.")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise _unreadable("It declares a document type; none is taken.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _unreadable("It is no XML.") from None
    document: Any = root.getroottree().docinfo
    if document.doctype:  # in an encoding in which the bytes look different
        raise _unreadable("It declares a document type; none is taken.")
    return root


def _reports(idoc: etree._Element) -> Iterator[Report]:
    control = _fields(idoc.find("EDI_DC40"), "EDI_DC40", REFERENCES)
    for state in idoc.iter("E1STATE"):
        status = (state.findtext("STATUS") or "").strip()
        if not status:
            continue
        text = _told(state)
        parent = state.getparent()
        head = _fields(parent, "E1ADHDR", REFERENCES) if parent is not None and parent.tag == "E1ADHDR" else ()
        words = tuple(("E1STATE-STATXT", word.strip(".,;:()'\"")) for word in text.split()[:MOST_WORDS])
        candidates = (*_fields(state, "E1STATE", PARAMETERS), *head, *control, *words)
        yield Report(status[:4], (state.findtext("STACOD") or "").strip(), text, candidates)


def _told(state: etree._Element) -> str:
    """STATXT with its places &1 to &4 and & filled from the parameters, as SAP's own pages show it."""
    text = (state.findtext("STATXT") or "").strip()
    values = [(state.findtext(name) or "").strip() for name in PARAMETERS]
    for place, value in enumerate(values, start=1):
        text = text.replace(f"&{place}", value)
    for value in values:
        text = re.sub(r"&(?!\w)", value.replace("\\", ""), text, count=1)
    return " ".join(text.split())[:LONGEST_TEXT]


def _fields(segment: etree._Element | None, name: str, fields: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    if segment is None:
        return ()
    found = ((f"{name}-{one}", (segment.findtext(one) or "").strip()) for one in fields)
    return tuple((place, value) for place, value in found if value)


def _unreadable(what: str) -> AcknowledgementError:
    return AcknowledgementError(
        what,
        where="acknowledgement",
        kept="It was kept as it came.",
        remedy="Ask the customer's SAP team for an ALEAUD01 in XML; the document's state can be asked in their WE02.",
    )
