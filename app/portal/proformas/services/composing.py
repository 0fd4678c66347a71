"""Rate a complete collection and write the draft: lines, the box of every ticket, totals."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from portal.contracts.models import Contract
from portal.contracts.selectors import fixed_lines_of, rates_of, vocabulary_of, zone_of
from portal.domain import composing
from portal.domain.errors import Problem, StateError
from portal.domain.rating import Box, Boxed, Decision, Rules, box_all
from portal.domain.states import State
from portal.domain.tickets import Vocabulary
from portal.lib import clock
from portal.lib.bulk import copy_rows
from portal.proformas.models import BoxedTicket, Line, MonthRun, Proforma
from portal.proformas.selectors import billed_before, decisions_of
from portal.tickets.selectors import Collected, collected

_BOX_COLUMNS = (
    "proforma_id",
    "snapshot_id",
    "carried_in",
    "box",
    "priority",
    "reason",
    "detail",
    "decided_by",
    "line_id",
    "amount",
)


@dataclass(frozen=True, slots=True)
class Rated:
    """A collection with every ticket in its box; `problems` instead when something blocks."""

    members: list[Collected]
    boxed: tuple[Boxed, ...]
    vocabulary: Vocabulary
    problems: tuple[Problem, ...] = ()


def rate(run: MonthRun) -> Rated:
    """Put every ticket of the complete collection into its box. Writes nothing."""
    try:
        rules = _rules(run)
    except ValueError as error:
        return Rated([], (), Vocabulary(), (_bad_vocabulary(run.contract, error),))
    members = list(collected(run.collection))
    boxing = box_all((member.ticket for member in members), rules)
    return Rated(members, boxing.boxed, rules.vocabulary, boxing.problems)


def compose(run: MonthRun, rated: Rated) -> Proforma:
    """Make the draft of a month, or make it anew, in the caller's transaction."""
    lines = composing.compose(run.period, fixed_lines_of(run.contract), rated.boxed)
    totals = composing.totals((line.net for line in lines), run.contract.vat_rate)
    proforma = _draft(run, rated.members, totals)
    _write(proforma, lines, rated)
    return proforma


def _rules(run: MonthRun) -> Rules:
    contract = run.contract
    return Rules(
        zone=zone_of(contract),
        vocabulary=vocabulary_of(contract),
        rates=rates_of(contract),
        test_marker=contract.test_marker,
        decisions={
            d.source_key: Decision(Box(d.box), d.reason, d.decided_by) for d in decisions_of(contract, run.period)
        },
        billed_before=billed_before(run.collection),
        valid_from=contract.valid_from,
        valid_to=contract.valid_to,
    )


def _draft(run: MonthRun, members: list[Collected], totals: composing.Totals) -> Proforma:
    """The row to write to, emptied. Raises StateError when the month's proforma is no draft any more."""
    carried_in = sum(member.carried_in for member in members)
    fields = {
        "collection": run.collection,
        "vat_rate": run.contract.vat_rate,
        "currency": run.contract.currency,
        "net": totals.net,
        "tax": totals.tax,
        "gross": totals.gross,
        "source_total": len(members) - carried_in,
        "carried_in": carried_in,
        "prepared_by": run.requested_by,
        "prepared_at": clock.now(),
    }
    rows = Proforma.objects.select_for_update(of=("self",))
    proforma = rows.filter(contract=run.contract, period_start=run.period_start).order_by("-revision").first()
    if proforma is None:
        return Proforma.objects.create(contract=run.contract, period_start=run.period_start, **fields)
    if proforma.state != State.DRAFT:
        raise StateError(f"The proforma of {run.period} is {proforma.state_label}.", remedy="Send it back first.")
    for name, value in fields.items():
        setattr(proforma, name, value)
    proforma.save()
    BoxedTicket.objects.filter(proforma=proforma)._raw_delete(using="default")
    Line.objects.filter(proforma=proforma).delete()
    return proforma


def _write(proforma: Proforma, lines: tuple[composing.ComposedLine, ...], rated: Rated) -> None:
    rows = Line.objects.bulk_create(_line(proforma, position, line) for position, line in enumerate(lines, start=1))
    line_of: dict[int, int] = {row.rate_id: row.pk for row in rows if row.rate_id}
    snapshots = {id(member.ticket): member for member in rated.members}
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            BoxedTicket._meta.db_table,
            _BOX_COLUMNS,
            (_box_row(proforma, item, snapshots[id(item.ticket)], line_of, rated.vocabulary) for item in rated.boxed),
        )


def _line(proforma: Proforma, position: int, line: composing.ComposedLine) -> Line:
    return Line(
        proforma=proforma,
        position=position,
        origin=line.origin,
        fixed_line_id=line.fixed_line_id,
        rate_id=line.rate.id if line.rate else None,
        kind=line.rate.kind if line.rate else "",
        priority=line.rate.priority if line.rate else "",
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        net=line.net,
        rated_net=line.net,
    )


def _box_row(
    proforma: Proforma, item: Boxed, member: Collected, line_of: dict[int, int], vocabulary: Vocabulary
) -> tuple[object, ...]:
    return (
        proforma.pk,
        member.snapshot_id,
        member.carried_in,
        item.box.value,
        (vocabulary.priority(item.ticket) or "") if item.rate else "",
        item.reason,
        item.detail[:300],
        item.by,
        line_of[item.rate.id] if item.rate else None,
        item.amount,
    )


def _bad_vocabulary(contract: Contract, error: ValueError) -> Problem:
    return Problem(
        "source.vocabulary",
        f"The mapping of the source cannot be used: {error}.",
        f"source {contract.source.name}",
        "Correct the mapping, then compose again.",
    )
