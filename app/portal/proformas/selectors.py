"""Reads of months and proformas."""

from __future__ import annotations

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from portal.contracts.models import Contract
from portal.domain.completeness import Account
from portal.domain.composing import Origin
from portal.domain.money import ZERO
from portal.domain.periods import Period
from portal.domain.rating import Box
from portal.domain.states import State
from portal.lib.work import due
from portal.proformas.models import BoxedTicket, Decision, Edit, Line, MonthRun, Proforma
from portal.tickets.models import Collection, Snapshot
from portal.tickets.selectors import snapshot_ids

_WITH = ("contract", "contract__customer", "contract__supplier", "contract__endpoint", "contract__source")


def proformas() -> QuerySet[Proforma]:
    return Proforma.objects.select_related(*_WITH, "collection")


def proforma_get(pk: int) -> Proforma:
    """Raises Proforma.DoesNotExist."""
    return proformas().get(pk=pk)


def proforma_of(contract: Contract, period: Period) -> Proforma | None:
    return proformas().filter(contract=contract, period_start=period.first_day).order_by("-revision").first()


def issued() -> QuerySet[Proforma]:
    """What later stages may take up."""
    return proformas().filter(state=State.ISSUED)


def runs() -> QuerySet[MonthRun]:
    return MonthRun.objects.select_related("contract", "contract__customer", "collection")


def run_of(contract: Contract, period: Period) -> MonthRun | None:
    return runs().filter(contract=contract, period_start=period.first_day).first()


def months_due() -> QuerySet[MonthRun]:
    return due(MonthRun)


def lines_of(proforma: Proforma) -> QuerySet[Line]:
    return Line.objects.filter(proforma=proforma).order_by("position", "pk")


def tickets_of(line: Line) -> QuerySet[BoxedTicket]:
    return BoxedTicket.objects.filter(line=line).select_related("snapshot").order_by("snapshot__number")


def boxed_tickets(proforma: Proforma, box: str = "", reason: str = "") -> QuerySet[BoxedTicket]:
    """Tickets of a proforma, optionally of one box and reason."""
    rows = BoxedTicket.objects.filter(proforma=proforma).select_related("snapshot", "line")
    if box:
        rows = rows.filter(box=box)
    if reason:
        rows = rows.filter(reason=reason)
    return rows.order_by("snapshot__number")


def boxes_of(proforma: Proforma) -> Account:
    """The account of every ticket and cent of a proforma."""
    rows = BoxedTicket.objects.filter(proforma=proforma)
    counted = rows.values_list("box", "reason").annotate(n=Count("pk")).order_by("box", "reason")
    ticket_lines = Line.objects.filter(proforma=proforma, origin=Origin.TICKETS)
    sums = ticket_lines.aggregate(edited=Sum(F("net") - F("rated_net")), net_sum=Sum("net"))
    return Account(
        source_total=proforma.source_total,
        carried_in=proforma.carried_in,
        boxes=tuple(counted),
        rated=rows.filter(box=Box.BILLED).aggregate(sum=Sum("amount"))["sum"] or ZERO,
        edited=sums["edited"] or ZERO,
        ticket_lines_net=sums["net_sum"] or ZERO,
    )


def decisions_of(contract: Contract, period: Period) -> list[Decision]:
    """The decision that counts for each ticket of a month: the latest, unless it was taken back."""
    rows = Decision.objects.filter(contract=contract, period_start=period.first_day)
    latest = rows.order_by("source_key", "-pk").distinct("source_key")
    return [decision for decision in latest if decision.box]


def decisions_all(contract: Contract, period: Period) -> QuerySet[Decision]:
    return Decision.objects.filter(contract=contract, period_start=period.first_day)


def carried_keys(contract: Contract) -> list[str]:
    """Source keys that issued proformas carried over and no later one has taken up."""
    mine = BoxedTicket.objects.filter(proforma__contract=contract, proforma__state=State.ISSUED)
    latest = (
        mine.filter(snapshot__source_key=OuterRef("snapshot__source_key"))
        .order_by("-proforma__issued_at")
        .values("box")[:1]
    )
    open_keys = mine.annotate(latest=Subquery(latest)).filter(box=Box.CARRIED_OVER, latest=Box.CARRIED_OVER)
    return sorted(set(open_keys.values_list("snapshot__source_key", flat=True)))


def billed_before(collection: Collection) -> dict[str, str]:
    """Of the tickets of a collection: source key -> number of the issued proforma that billed it already.

    Of any contract: two that read the same source must not both bill a ticket.
    """
    keys = Snapshot.objects.filter(pk__in=snapshot_ids(collection), source=collection.source).values("source_key")
    billed = BoxedTicket.objects.filter(proforma__state=State.ISSUED, box=Box.BILLED)
    rows = billed.filter(snapshot__source=collection.source, snapshot__source_key__in=keys)
    pairs = rows.values_list("snapshot__source_key", "proforma__number")
    return {key: number or "" for key, number in pairs}


def unfinished_months(contract: Contract, period: Period) -> list[str]:
    """Other months of the contract that were started and not issued, as YYYY-MM."""
    done = Proforma.objects.filter(contract=contract, state=State.ISSUED).values("period_start")
    others = MonthRun.objects.filter(contract=contract).filter(~Q(period_start__in=done))
    starts = others.exclude(period_start=period.first_day).order_by("period_start")
    return [str(Period.of(start)) for start in starts.values_list("period_start", flat=True)]


def findings_tickets(run: MonthRun) -> dict[str, list[Snapshot]]:
    """Ticket number -> snapshots of the month with that number, for the findings that name one."""
    wanted = {str(f.get("where", "")).split(",")[0] for f in run.findings}
    rows = Snapshot.objects.filter(pk__in=snapshot_ids(run.collection), number__in=wanted)
    found: dict[str, list[Snapshot]] = {}
    for snapshot in rows.order_by("number", "source_key"):
        found.setdefault(snapshot.number, []).append(snapshot)
    return found


def involved(proforma: Proforma) -> set[str]:
    """User names that the database would refuse as approver: who prepared, submitted, edited or decided since."""
    since = Q(at__gt=proforma.approved_at) if proforma.approved_at else Q()
    editors = Edit.objects.filter(since, proforma=proforma).values_list("editor", flat=True)
    decided = Q(decided_at__gt=proforma.approved_at) if proforma.approved_at else Q()
    deciders = decisions_all(proforma.contract, proforma.period).filter(decided).values_list("decided_by", flat=True)
    return {proforma.prepared_by, proforma.submitted_by, *editors, *deciders} - {""}


def lines() -> QuerySet[Line]:
    return Line.objects.select_related(
        "proforma", "proforma__contract", "proforma__contract__customer", "proforma__collection"
    )


def tickets_matching(line: Line, text: str) -> QuerySet[BoxedTicket]:
    """Tickets behind a line whose number, summary or group contains a text; all of them for an empty one."""
    wanted = (
        Q(snapshot__number__icontains=text)
        | Q(snapshot__summary__icontains=text)
        | Q(snapshot__assignment_group__icontains=text)
    )
    return tickets_of(line).filter(wanted) if text else tickets_of(line)
