"""What has to be true of a month after whatever happened: pure judgement of what pages, database and SAP say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scripts.lab_lib.trials.month import Played

BOXES = ("billed", "excluded", "carried over")
FACTS = """
SELECT json_build_object(
  'proformas', (SELECT count(*) FROM proformas_proforma q
      WHERE q.contract_id = p.contract_id AND q.period_start = p.period_start),
  'collected', p.source_total + p.carried_in,
  'boxed', (SELECT count(*) FROM proformas_boxedticket b WHERE b.proforma_id = p.id),
  'tickets', (SELECT count(DISTINCT b.snapshot_id) FROM proformas_boxedticket b WHERE b.proforma_id = p.id),
  'numbers', (SELECT count(DISTINCT (s.source_id, s.source_key)) FROM proformas_boxedticket b
      JOIN tickets_snapshot s ON s.id = b.snapshot_id WHERE b.proforma_id = p.id),
  'read', (SELECT count(*) FROM tickets_collectedticket c WHERE c.collection_id = p.collection_id),
  'billed_twice', (SELECT count(*) FROM proformas_boxedticket b JOIN tickets_snapshot s ON s.id = b.snapshot_id
      WHERE b.proforma_id = p.id AND b.box = 'billed' AND EXISTS (SELECT 1 FROM proformas_boxedticket c
        JOIN tickets_snapshot t ON t.id = c.snapshot_id WHERE c.proforma_id <> p.id AND c.box = 'billed'
        AND t.source_id = s.source_id AND t.source_key = s.source_key)),
  'rated', (SELECT coalesce(sum(b.amount), 0)::text FROM proformas_boxedticket b WHERE b.proforma_id = p.id),
  'fixed', (SELECT coalesce(sum(l.net), 0)::text FROM proformas_line l
      WHERE l.proforma_id = p.id AND l.origin <> 'tickets'),
  'net', p.net::text, 'tax', p.tax::text, 'gross', p.gross::text,
  'deliveries', (SELECT count(*) FROM delivery_delivery d WHERE d.proforma_id = p.id),
  'documents', (SELECT json_object_agg(d.name, d.sha256) FROM documents_document d WHERE d.proforma_id = p.id))
FROM proformas_proforma p WHERE p.number = '{number}'
"""
"""one JSON object about an issued proforma, from the database"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the three say of one month."""

    played: Played
    database: Mapping[str, Any]
    sap: Sequence[Mapping[str, Any]]


def problems(facts: Facts) -> list[str]:
    """What is not as it must be; empty when one document is at SAP and nothing is lost or doubled."""
    number = facts.played.number
    return [f"{number}: {what}" for what in (*_at_sap(facts), *_money(facts), *_tickets(facts), *_documents(facts))]


def _at_sap(facts: Facts) -> Iterator[str]:
    there = [one for one in facts.sap if one["number"] == facts.played.number]
    if len(there) != 1:
        yield f"{len(there)} documents at SAP"
        return
    (one,) = there
    if facts.played.outcome != "parked" or one["outcome"] != "parked":
        yield f"SAP says {one['outcome']!r}, the portal {facts.played.outcome!r}; parked was asked for"
    if one["sha256"] not in facts.database["documents"].values():
        yield "what SAP has is none of the portal's documents"
    if facts.database["deliveries"] != 1 or facts.database["proformas"] != 1:
        yield f"{facts.database['deliveries']} deliveries, {facts.database['proformas']} proformas of one month"


def _money(facts: Facts) -> Iterator[str]:
    pages = [facts.played.totals[name] for name in ("Net", "VAT", "Total")]
    rows = [Decimal(facts.database[name]) for name in ("net", "tax", "gross")]
    received = [
        [Decimal(one[name]) for name in ("net", "tax", "gross")]
        for one in facts.sap
        if one["number"] == facts.played.number
    ]
    for where, amounts in (("the database", rows), *(("SAP", one) for one in received)):
        if amounts != pages:
            yield f"the page says {_euros(pages)}, {where} {_euros(amounts)}"
    if sum(map(Decimal, (facts.database["rated"], facts.database["fixed"]))) != rows[0]:
        yield f"tickets {facts.database['rated']} and fixed lines {facts.database['fixed']} are not the net {rows[0]}"


def _euros(amounts: Sequence[Decimal]) -> str:
    return " / ".join(f"{amount:.2f}" for amount in amounts)


def _tickets(facts: Facts) -> Iterator[str]:
    counted = {facts.database[name] for name in ("collected", "boxed", "tickets", "numbers", "read")}
    counted.add(sum(facts.played.counts.get(box, 0) for box in BOXES))
    if len(counted) != 1:
        said = {name: facts.database[name] for name in ("collected", "read", "boxed", "tickets", "numbers")}
        yield f"tickets do not add up: {said}, on the page {dict(facts.played.counts)}"
    if facts.database["billed_twice"]:
        yield f"{facts.database['billed_twice']} tickets were billed before"


def _documents(facts: Facts) -> Iterator[str]:
    taken = {name: hashlib.sha256(data).hexdigest() for name, data in facts.played.documents.items()}
    if taken != facts.database["documents"]:
        differ = sorted(set(taken.items()) ^ set(facts.database["documents"].items()))
        yield f"documents differ from their checksums: {[name for name, _ in differ]}"
