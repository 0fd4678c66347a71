"""How the portal is doing, in numbers for a monitor: no ticket text, no name of a person, no name of a customer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet

from portal.audit.models import Entry
from portal.contracts.models import Contract
from portal.contracts.selectors import contracts, zone_of
from portal.delivery import selectors as delivery
from portal.delivery.models import Delivery
from portal.documents.models import Rendering
from portal.documents.selectors import renderings_stopped
from portal.domain.periods import Period
from portal.domain.states import State
from portal.lib import clock
from portal.lib.work import FAILED, due
from portal.proformas.models import BLOCKED, MonthRun
from portal.proformas.selectors import proforma_of
from portal.web.readiness import migrations_missing

OVERDUE = timedelta(minutes=10)
"""after that no worker takes the work up: the sweeper looks every few seconds"""
UNANSWERED = timedelta(days=3)
MONTH_BY = timedelta(days=10)
"""after the end of a month; a month that is not issued by then is late"""


def status() -> dict[str, Any]:
    """What a monitor compares with thresholds. Raises DatabaseError when the database does not answer."""
    if migrations_missing():
        return {"migrations_missing": True}
    now = clock.now()
    return {
        "migrations_missing": False,
        "work": {
            "month": _work(due(MonthRun), now) | {"stopped": MonthRun.objects.filter(state=FAILED).count()},
            "rendering": _work(due(Rendering), now) | {"stopped": renderings_stopped().count()},
            "delivery": _work(due(Delivery), now) | {"stopped": delivery.deliveries_stopped().count()},
        },
        "months_blocked": MonthRun.objects.filter(state=BLOCKED).count(),
        "months_late": [f"{c.number} {p}" for c, p in _late(now)],
        "deliveries": {
            "unclear": delivery.deliveries_unclear().count(),
            "posted": delivery.deliveries_posted().count(),
            "unanswered": delivery.deliveries_unanswered(UNANSWERED).count(),
        },
        "acknowledgements_unmatched": delivery.acknowledgements_unmatched().count(),
        "audit_entries": Entry.objects.count(),
    }


def _work(rows: QuerySet[Any], now: datetime) -> dict[str, int]:
    """How many units wait, how many of them too long, and for how many seconds the oldest has."""
    oldest = rows.aggregate(oldest=Min("due_at"))["oldest"]
    overdue = rows.filter(due_at__lt=now - OVERDUE) | rows.filter(lease_until__lt=now - OVERDUE)
    waited = int((now - oldest).total_seconds()) if oldest else 0
    return {"due": rows.count(), "overdue": overdue.count(), "oldest_seconds": waited}


def _late(now: datetime) -> list[tuple[Contract, Period]]:
    """Contracts whose last month should have been issued by now, by number (which is no name)."""
    return [(c, month) for c in contracts() if (month := _month_that_should_be_done(c, now)) and not _issued(c, month)]


def _month_that_should_be_done(contract: Contract, now: datetime) -> Period | None:
    zone = zone_of(contract)
    month = Period.of(now.astimezone(zone).date()).previous()
    if now < month.window(zone).end + MONTH_BY:
        return None
    not_yet, ended = contract.valid_from >= month.end_day, contract.valid_to and contract.valid_to <= month.first_day
    return None if not_yet or ended else month


def _issued(contract: Contract, month: Period) -> bool:
    found = proforma_of(contract, month)
    return found is not None and found.state == State.ISSUED
