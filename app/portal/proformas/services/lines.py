"""People change lines of a proforma that is not approved; its tickets are re-boxed and its totals follow."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db.models import Max, Sum

from portal.domain.composing import Origin, totals
from portal.domain.errors import InputError
from portal.domain.money import ZERO, line_net
from portal.domain.rating import REMOVED_BY_REVIEWER, Box
from portal.proformas.models import BoxedTicket, Line, Proforma
from portal.proformas.services.guarded import editing

LARGEST = Decimal(10) ** 11


def line_add(
    *,
    proforma: Proforma,
    description: str,
    quantity: Decimal,
    unit: str,
    unit_price: Decimal,
    reason: str,
    actor: str,
) -> Line:
    """A line that stands in no contract; its reason is printed."""
    with editing(proforma, actor, reason) as locked:
        _check(description, quantity, unit_price)
        last = Line.objects.filter(proforma=locked).aggregate(last=Max("position"))["last"] or 0
        net = line_net(quantity, unit_price)
        line = Line.objects.create(
            proforma=locked,
            position=last + 1,
            origin=Origin.MANUAL,
            description=description.strip(),
            quantity=quantity,
            unit=unit.strip() or "piece",
            unit_price=unit_price,
            net=net,
            rated_net=net,
            reason=reason.strip(),
        )
        _recalculate(locked)
    return line


def line_change(
    *, line: Line, description: str, quantity: Decimal, unit_price: Decimal, reason: str, actor: str
) -> Line:
    """New words, quantity or price. The quantity of a ticket line is the number of its tickets and stays that."""
    with editing(line.proforma, actor, reason) as locked:
        row = _locked_line(locked, line)
        _check(description, quantity, unit_price)
        if row.origin == Origin.TICKETS and quantity != row.quantity:
            raise InputError(
                f"Line {row.position} has {row.quantity.normalize():f} tickets behind it; they are its quantity.",
                where="quantity",
                kept="Nothing was changed.",
                remedy="Take tickets off the line instead.",
            )
        row.description, row.quantity, row.unit_price = description.strip(), quantity, unit_price
        row.net, row.reason = line_net(quantity, unit_price), reason.strip()
        if row.origin == Origin.MANUAL:
            row.rated_net = row.net
        row.save()
        _recalculate(locked)
    line.refresh_from_db()
    return line


def line_remove(*, line: Line, reason: str, actor: str, box: str = "") -> None:
    """Take a line off. The tickets behind it go where `box` says: excluded, or carried over to the next month."""
    with editing(line.proforma, actor, reason) as locked:
        row = _locked_line(locked, line)
        if row.origin == Origin.TICKETS:
            _rebox(BoxedTicket.objects.filter(line=row), box, reason, actor)
        row.delete()
        _recalculate(locked)


def tickets_move(*, line: Line, numbers: Collection[str], box: str, reason: str, actor: str) -> int:
    """Take named tickets off a ticket line; the line counts what stays, and goes when none does."""
    with editing(line.proforma, actor, reason) as locked:
        row = _locked_line(locked, line)
        chosen = BoxedTicket.objects.filter(line=row, snapshot__number__in=set(numbers))
        found = set(chosen.values_list("snapshot__number", flat=True))
        if missing := sorted(set(numbers) - found):
            raise InputError(
                f"Not on line {row.position}: {', '.join(missing[:10])}.",
                where="numbers",
                kept="Nothing was changed.",
                remedy="Check the numbers; one a line or separated by commas.",
            )
        if not found:
            raise InputError("No ticket is named.", where="numbers", kept="Nothing was changed.")
        _rebox(chosen, box, reason, actor)
        _recount(row)
        _recalculate(locked)
    return len(found)


def _locked_line(proforma: Proforma, line: Line) -> Line:
    row = Line.objects.select_for_update(of=("self",)).filter(proforma=proforma, pk=line.pk).first()
    if row is None:
        raise InputError("The line is not there any more.", kept="Nothing was changed.", remedy="Reload the page.")
    return row


def _check(description: str, quantity: Decimal, unit_price: Decimal) -> None:
    if not description.strip():
        raise InputError("A description is missing.", where="description", kept="Nothing was changed.")
    if quantity <= 0 or quantity >= LARGEST or quantity != round(quantity, 3):
        raise InputError("The quantity must be above 0, with at most three decimals.", where="quantity")
    if abs(unit_price) >= LARGEST or unit_price != round(unit_price, 2):
        raise InputError("The unit price may have at most two decimals.", where="unit price")


def _rebox(tickets: object, box: str, reason: str, actor: str) -> None:
    if box not in (Box.EXCLUDED, Box.CARRIED_OVER):
        raise InputError(
            "Say what becomes of the tickets behind the line.",
            where="box",
            kept="Nothing was changed.",
            remedy="Carry them over to the next month, or exclude them.",
        )
    tickets.update(  # type: ignore[attr-defined]
        box=box,
        priority="",
        reason=REMOVED_BY_REVIEWER,
        detail=reason.strip()[:300],
        decided_by=actor,
        line=None,
        amount=ZERO,
    )


def _recount(line: Line) -> None:
    """Quantity and money of a ticket line from the tickets that are left on it."""
    left = BoxedTicket.objects.filter(line=line)
    count = left.count()
    if count == 0:
        line.delete()
        return
    line.quantity = Decimal(count)
    line.rated_net = left.aggregate(sum=Sum("amount"))["sum"] or ZERO
    line.net = line_net(line.quantity, line.unit_price)
    line.save()


def _recalculate(proforma: Proforma) -> None:
    """Totals follow the lines, in the same transaction."""
    nets = Line.objects.filter(proforma=proforma).values_list("net", flat=True)
    result = totals(nets, proforma.vat_rate)
    proforma.net, proforma.tax, proforma.gross = result.net, result.tax, result.gross
    proforma.save(update_fields=["net", "tax", "gross"])
