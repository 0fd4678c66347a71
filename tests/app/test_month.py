"""A month from the order to the issued proforma, against a sandbox customer that really answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from tests.support.cast import person_make
from tests.support.office import Office, office_open, sandbox_running

from portal.accounts.access import AccessError
from portal.audit.models import Entry
from portal.audit.selectors import chain_problems, entries_of
from portal.contracts.models import SapEndpoint
from portal.domain.completeness import findings
from portal.domain.errors import InputError, StateError
from portal.domain.periods import Period
from portal.domain.rating import Box
from portal.lib import work
from portal.proformas import selectors, services
from portal.proformas.content import content_build
from portal.proformas.models import BoxedTicket, MonthRun, Proforma
from sandbox.server import SandboxServer

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox"), tickets_count=240) as server:
        yield server


@pytest.fixture
def office(sandbox: SandboxServer, directories: Path) -> Office:
    return office_open(sandbox, directories / "credentials")


def composed(office: Office) -> tuple[MonthRun, Proforma]:
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    assert services.month_advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.problem, run.findings) == (work.DONE, None, [])
    proforma = selectors.proforma_of(office.contract, office.period)
    assert proforma is not None
    return run, proforma


def approved(office: Office) -> Proforma:
    _, proforma = composed(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    return services.proforma_approve(proforma=proforma, actor="anton")


def ticket_line(proforma: Proforma) -> object:
    return selectors.lines_of(proforma).filter(origin="tickets").order_by("-quantity").first()


def test_every_ticket_of_the_month_is_in_exactly_one_box(office: Office) -> None:
    run, proforma = composed(office)
    account = selectors.boxes_of(proforma)
    assert findings(account) == ()
    assert sum(n for *_, n in account.boxes) == run.collection.source_total == proforma.source_total
    assert account.count(Box.BILLED) > 180
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
    before, count, net = proforma.net, int(line.quantity), line.net  # type: ignore[attr-defined]
    services.line_remove(line=line, box=Box.CARRIED_OVER, reason="Disputed", actor="petra")  # type: ignore[arg-type]
    proforma.refresh_from_db()
    account = selectors.boxes_of(proforma)
    assert (proforma.net, account.count(Box.CARRIED_OVER)) == (before - net, count)
    assert findings(account) == ()


def test_tickets_taken_off_a_line_leave_the_rest(office: Office) -> None:
    _, proforma = composed(office)
    line = ticket_line(proforma)
    numbers = [t.snapshot.number for t in selectors.tickets_of(line)[:2]]  # type: ignore[arg-type]
    price, quantity = line.unit_price, line.quantity  # type: ignore[attr-defined]
    services.tickets_move(line=line, numbers=numbers, box=Box.EXCLUDED, reason="Goodwill", actor="petra")  # type: ignore[arg-type]
    line.refresh_from_db()  # type: ignore[attr-defined]
    assert (line.quantity, line.net) == (quantity - 2, (quantity - 2) * price)  # type: ignore[attr-defined]
    assert selectors.boxes_of(proforma).excluded()["removed_by_reviewer"] == 2


def test_an_edited_price_shows_as_a_difference(office: Office) -> None:
    _, proforma = composed(office)
    line = ticket_line(proforma)
    changed = services.line_change(
        line=line,  # type: ignore[arg-type]
        description="Agreed price",
        quantity=line.quantity,  # type: ignore[attr-defined]
        unit_price=line.unit_price - 1,  # type: ignore[attr-defined]
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
    taken = selectors.tickets_of(line)[0].snapshot  # type: ignore[arg-type]
    services.tickets_move(line=line, numbers=[taken.number], box=Box.CARRIED_OVER, reason="Late", actor="petra")  # type: ignore[arg-type]
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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proformas_proforma SET net = net + 1, gross = gross + 1 WHERE id = %s",
        "UPDATE proformas_proforma SET state = 'draft', number = NULL WHERE id = %s",
        "DELETE FROM proformas_proforma WHERE id = %s",
        "UPDATE proformas_line SET description = 'x' WHERE proforma_id = %s",
        "DELETE FROM proformas_boxedticket WHERE proforma_id = %s",
        "INSERT INTO proformas_line (proforma_id, position, origin, kind, priority, description, quantity, unit,"
        " unit_price, net, rated_net, reason) VALUES (%s, 99, 'manual', '', '', 'x', 1, 'x', 1, 1, 1, '')",
    ],
)
def test_what_is_issued_never_changes(office: Office, statement: str) -> None:
    proforma = services.proforma_issue(proforma=approved(office), actor="anton")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('proforma.actor', 'mallory', true)")
    with pytest.raises(DatabaseError, match="issued"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [proforma.pk])


def test_numbers_have_no_gap_when_an_issue_fails(office: Office) -> None:
    proforma = approved(office)
    with transaction.atomic():
        services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
        transaction.set_rollback(True)
    issued = services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
    assert issued.number is not None
    assert issued.number.endswith("-000001")


def test_what_sap_cannot_take_is_found_before_it_is_issued(office: Office) -> None:
    from portal.audit.services import acting
    from portal.proformas.content import delivery_warnings

    proforma = approved(office)
    assert {w.where for w in delivery_warnings(proforma)} == {"sap.company_code", "sap.tax_code"}
    with acting("clara"):
        SapEndpoint.objects.update(mapping={"company_code": "far longer than four"})
    with pytest.raises(InputError, match="E1EDKA1-PARTN"):
        services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
    with acting("clara"):
        SapEndpoint.objects.update(mapping={})
    issued = services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
    assert (issued.number or "").endswith("-000001")


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
