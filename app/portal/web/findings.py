"""What blocks a month, each finding with the ticket it speaks of and what was decided about it since."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.proformas import selectors
from portal.proformas.models import BLOCKED, Decision, MonthRun
from portal.tickets.models import Snapshot

RECORD = re.compile(r", record (.+)$")
PLACES = {
    "contract.no_address": "customer",
    "contract.not_valid": "contract",
    "ticket.no_rate": "rates",
    "source.vocabulary": "source",
    "ticket.kind_unknown": "source",
    "ticket.state_unknown": "source",
    "ticket.priority_unknown": "source",
}
"""code of a finding -> where a contract manager mends the cause"""


@dataclass(frozen=True, slots=True)
class Finding:
    """`ticket` and `key` are set where the finding speaks of a ticket; `place` where its cause can be mended."""

    what: str
    where: str
    remedy: str
    place: str = ""
    ticket: Snapshot | None = None
    decision: Decision | None = None

    @property
    def key(self) -> str:
        return self.ticket.source_key if self.ticket else ""


def findings_of(run: MonthRun) -> list[Finding]:
    """In the order in which composing found them; none unless the month is blocked."""
    if run.state != BLOCKED:
        return []
    tickets = selectors.findings_tickets(run)
    decided = {d.source_key: d for d in selectors.decisions_of(run.contract, run.period)}
    found = []
    for finding in run.findings:
        ticket = _ticket(finding.get("where", ""), tickets)
        decision = decided.get(ticket.source_key) if ticket else None
        place = PLACES.get(finding.get("code", ""), "")
        found.append(
            Finding(finding["what"], finding.get("where", ""), finding.get("remedy", ""), place, ticket, decision)
        )
    return found


def numbers_of(run: MonthRun) -> dict[str, str]:
    """Source key -> number of the tickets that people may decide about now, or have decided about."""
    numbers = {s.source_key: s.number for rows in selectors.findings_tickets(run).values() for s in rows}
    return numbers | {d.source_key: d.number for d in selectors.decisions_of(run.contract, run.period)}


def _ticket(where: str, tickets: dict[str, list[Snapshot]]) -> Snapshot | None:
    """`where` is "INC1" or, where two carry the number, "INC1, record <source key>"."""
    rows = tickets.get(where.split(",")[0], [])
    if record := RECORD.search(where):
        return next((row for row in rows if row.source_key == record[1]), None)
    return rows[0] if rows else None
