"""People change a proforma: tickets are re-boxed, totals follow, and whoever edited does not approve."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.accounts.access import AccessError
from portal.domain.completeness import findings
from portal.domain.errors import InputError, StateError
from portal.domain.rating import Box
from portal.proformas import selectors, services
from portal.proformas.models import BoxedTicket
from tests.support.cast import person_make
from tests.support.months import composed, ticket_line
from tests.support.office import Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(small_office: Office) -> Office:
    return small_office


def test_the_preparer_cannot_approve_even_with_the_role(office: Office) -> None:
    _, proforma = composed(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    with pytest.raises(AccessError):
        services.proforma_approve(proforma=proforma, actor="petra")
    from portal.accounts.services import user_set_roles

    user_set_roles(user=person_make("petra"), roles=["preparer", "approver"], actor="axel")
    with pytest.raises(StateError, match="may not approve"):
        services.proforma_approve(proforma=proforma, actor="petra")


def test_whoever_edited_cannot_approve(office: Office) -> None:
    _, proforma = composed(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    services.line_add(
        proforma=proforma,
        description="Extra shift",
        quantity=Decimal(2),
        unit="hour",
        unit_price=Decimal("95.00"),
        reason="Agreed by phone",
        actor="anton",
    )
    with pytest.raises(StateError, match="edited"):
        services.proforma_approve(proforma=proforma, actor="anton")


def test_whoever_decided_about_a_ticket_cannot_approve(office: Office) -> None:
    run, proforma = composed(office)
    first = BoxedTicket.objects.filter(proforma=proforma, box=Box.BILLED).select_related("snapshot")[0].snapshot
    services.decision_record(
        contract=office.contract,
        period=office.period,
        source_key=first.source_key,
        number=first.number,
        box=Box.CARRIED_OVER,
        reason="Disputed",
        actor="anton",
    )
    services.month_resume(run=run, actor="petra")
    assert services.month_advance(run.pk)
    proforma.refresh_from_db()
    services.proforma_submit(proforma=proforma, actor="petra")
    with pytest.raises(StateError, match="may not approve"):
        services.proforma_approve(proforma=proforma, actor="anton")


def test_a_removed_line_carries_its_tickets_over_and_the_totals_follow(office: Office) -> None:
    _, proforma = composed(office)
    line = ticket_line(proforma)
    before, count, net = proforma.net, int(line.quantity), line.net
    services.line_remove(line=line, box=Box.CARRIED_OVER, reason="Disputed", actor="petra")
    proforma.refresh_from_db()
    account = selectors.boxes_of(proforma)
    assert (proforma.net, account.count(Box.CARRIED_OVER)) == (before - net, count)
    assert findings(account) == ()


def test_tickets_taken_off_a_line_leave_the_rest(office: Office) -> None:
    _, proforma = composed(office)
    line = ticket_line(proforma)
    numbers = [t.snapshot.number for t in selectors.tickets_of(line)[:2]]
    price, quantity = line.unit_price, line.quantity
    services.tickets_move(line=line, numbers=numbers, box=Box.EXCLUDED, reason="Goodwill", actor="petra")
    line.refresh_from_db()
    assert (line.quantity, line.net) == (quantity - 2, (quantity - 2) * price)
    assert selectors.boxes_of(proforma).excluded()["removed_by_reviewer"] == 2


def test_an_edited_price_shows_as_a_difference(office: Office) -> None:
    _, proforma = composed(office)
    line = ticket_line(proforma)
    changed = services.line_change(
        line=line,
        description="Agreed price",
        quantity=line.quantity,
        unit_price=line.unit_price - 1,
        reason="Discount",
        actor="petra",
    )
    account = selectors.boxes_of(proforma)
    assert account.edited == changed.edited == -changed.quantity
    assert findings(account) == ()
    services.proforma_submit(proforma=proforma, actor="petra")


def test_what_is_carried_over_starts_the_next_month(office: Office) -> None:
    _, proforma = composed(office)
    line = ticket_line(proforma)
    taken = selectors.tickets_of(line)[0].snapshot
    services.tickets_move(line=line, numbers=[taken.number], box=Box.CARRIED_OVER, reason="Late", actor="petra")
    with pytest.raises(InputError, match="not issued yet"):
        services.month_start(contract=office.contract, period=office.period.next(), actor="petra")
    services.proforma_submit(proforma=proforma, actor="petra")
    services.proforma_approve(proforma=proforma, actor="anton")
    services.proforma_issue(proforma=proforma, actor="anton")
    run = services.month_start(contract=office.contract, period=office.period.next(), actor="petra")
    services.month_advance(run.pk)
    following = selectors.proforma_of(office.contract, office.period.next())
    assert following is not None
    assert following.carried_in == 1
    boxed = BoxedTicket.objects.get(proforma=following, snapshot__source_key=taken.source_key)
    assert (boxed.box, boxed.carried_in) == (Box.BILLED, True)
