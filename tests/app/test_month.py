"""A month from the order to the issued proforma, against a sandbox customer that really answers."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.access import AccessError
from portal.audit.models import Entry
from portal.audit.selectors import chain_problems, entries_of
from portal.domain.completeness import findings
from portal.domain.errors import InputError, StateError
from portal.domain.periods import Period
from portal.domain.rating import Box
from portal.proformas import selectors, services
from portal.proformas.content import content_build
from portal.proformas.models import Proforma
from tests.support.months import approved, composed
from tests.support.office import Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(small_office: Office) -> Office:
    return small_office


def test_every_ticket_of_the_month_is_in_exactly_one_box(office: Office) -> None:
    run, proforma = composed(office)
    account = selectors.boxes_of(proforma)
    assert findings(account) == ()
    assert sum(n for *_, n in account.boxes) == run.collection.source_total == proforma.source_total
    assert account.count(Box.BILLED) > 40
    assert set(account.excluded()) >= {"no_resolution_date", "cancelled", "test_ticket"}


def test_incidents_and_service_requests_are_billed(office: Office) -> None:
    _, proforma = composed(office)
    kinds = Counter(selectors.lines_of(proforma).filter(origin="tickets").values_list("kind", flat=True))
    assert set(kinds) == {"incident", "service_request"}


def test_the_money_of_ticket_lines_is_the_sum_of_their_tickets(office: Office) -> None:
    _, proforma = composed(office)
    for line in selectors.lines_of(proforma).filter(origin="tickets"):
        amounts = [ticket.amount for ticket in selectors.tickets_of(line)]
        assert (line.net, line.quantity) == (sum(amounts), Decimal(len(amounts)))


def test_running_a_finished_month_again_does_nothing(office: Office) -> None:
    run, proforma = composed(office)
    assert not services.month_advance(run.pk)
    assert services.month_start(contract=office.contract, period=office.period, actor="petra") == run
    assert Proforma.objects.get() == proforma


def test_composing_again_gives_the_same_totals(office: Office) -> None:
    run, proforma = composed(office)
    services.month_resume(run=run, actor="petra")
    assert services.month_advance(run.pk)
    again = Proforma.objects.get()
    assert (again.pk, again.net, again.source_total) == (proforma.pk, proforma.net, proforma.source_total)


def test_a_month_that_has_not_ended_is_refused(office: Office) -> None:
    with pytest.raises(InputError, match="has not ended"):
        services.month_start(contract=office.contract, period=Period(2090, 1), actor="petra")


def test_a_contract_without_an_address_is_refused(office: Office) -> None:
    from portal.contracts.models import Customer

    address = Customer.objects.values_list("address", flat=True).get()
    office.contract.customer.address = " \n"
    assert address
    with pytest.raises(InputError, match="has no address"):
        services.month_start(contract=office.contract, period=office.period, actor="petra")


def test_somebody_without_the_role_cannot_start_a_month(office: Office) -> None:
    with pytest.raises(AccessError):
        services.month_start(contract=office.contract, period=office.period, actor="mallory")


def test_the_whole_way_to_issued(office: Office) -> None:
    proforma = services.proforma_issue(proforma=approved(office), actor="anton")
    assert proforma.number is not None
    assert len(proforma.number) <= 16
    content = content_build(selectors.proforma_get(proforma.pk))
    assert content.sha256() == proforma.content_sha256
    assert (content.prepared_by, content.approved_by) == ("Petra Preparer", "Anton Approver")
    assert len(content.tickets) == selectors.boxes_of(proforma).count(Box.BILLED)
    states = [e.changes["state"] for e in entries_of("proformas_proforma", proforma.pk) if "state" in e.changes]
    assert states == [
        "draft",
        ["draft", "in_review"],
        ["in_review", "approved"],
        ["approved", "issued"],
    ]
    assert chain_problems() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proformas_proforma SET net = net + 1, gross = gross + 1 WHERE id = %s",
        "UPDATE proformas_proforma SET state = 'draft', number = NULL WHERE id = %s",
        "DELETE FROM proformas_proforma WHERE id = %s",
        "UPDATE proformas_line SET description = 'x' WHERE proforma_id = %s",
        "UPDATE proformas_line SET proforma_id = proforma_id + 1 WHERE proforma_id = %s",
        "UPDATE proformas_boxedticket SET proforma_id = proforma_id + 1 WHERE proforma_id = %s",
        "DELETE FROM proformas_boxedticket WHERE proforma_id = %s",
        "INSERT INTO proformas_line (proforma_id, position, origin, kind, priority, description, quantity, unit,"
        " unit_price, net, rated_net, reason) VALUES (%s, 99, 'manual', '', '', 'x', 1, 'x', 1, 1, 1, '')",
    ],
)
def test_what_is_issued_never_changes(office: Office, statement: str) -> None:
    proforma = services.proforma_issue(proforma=approved(office), actor="anton")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('proforma.actor', 'mallory', true)")
    with pytest.raises(DatabaseError, match=r"issued|stay with"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [proforma.pk])


def test_numbers_have_no_gap_when_an_issue_fails(office: Office) -> None:
    proforma = approved(office)
    with transaction.atomic():
        services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
        transaction.set_rollback(True)
    issued = services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
    assert issued.number is not None
    assert issued.number.endswith("-000001")


def execute_as(actor: str, statement: str, *parameters: int | str) -> None:
    """As the application's role, in a transaction that ends: what is checked at the commit is checked too."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('proforma.actor', %s, true)", [actor])
        cursor.execute(statement, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proformas_numbercounter SET last = last + 2",
        "UPDATE proformas_numbercounter SET last = last + 1",
        "UPDATE proformas_numbercounter SET last = last - 1",
        "DELETE FROM proformas_numbercounter",
    ],
)
def test_a_number_that_no_proforma_carries_cannot_be_taken(office: Office, statement: str) -> None:
    services.proforma_issue(proforma=approved(office), actor="anton")
    with pytest.raises(DatabaseError, match=r"goes up by one|was taken and not used"):
        execute_as("mallory", statement)


def test_a_number_is_the_counters_own(office: Office) -> None:
    proforma = approved(office)
    with pytest.raises(DatabaseError, match=r"counter gave|carries its"):
        execute_as(
            "anton",
            "UPDATE proformas_proforma SET state = 'issued', number = 'X-2026-000009', header = '{}',"
            " issued_at = now(), content_sha256 = repeat('0', 64) WHERE id = %s",
            proforma.pk,
        )


def test_the_time_of_an_approval_cannot_be_moved_past_an_edit(office: Office) -> None:
    _, proforma = composed(office)
    with pytest.raises(DatabaseError, match="changes more than it may"):
        execute_as(
            "anton", "UPDATE proformas_proforma SET approved_at = now() + interval '1 day' WHERE id = %s", proforma.pk
        )


def test_an_illegal_move_names_the_possible_ones(office: Office) -> None:
    _, proforma = composed(office)
    with pytest.raises(StateError, match="Possible now: submit"):
        services.proforma_issue(proforma=proforma, actor="anton")


def test_no_caller_is_kept_as_a_name(office: Office) -> None:
    from portal.tickets.models import Snapshot

    composed(office)
    callers = set(Snapshot.objects.values_list("caller", flat=True))
    assert callers
    assert all(caller == "" or (len(caller) == 32 and int(caller, 16) >= 0) for caller in callers)


def test_the_order_of_a_month_is_recorded_with_its_person(office: Office) -> None:
    run, _ = composed(office)
    entry = Entry.objects.get(subject="proformas_monthrun", subject_id=str(run.pk), action="insert")
    assert entry.actor == "petra"
