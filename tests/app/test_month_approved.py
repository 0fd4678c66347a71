"""What is approved is what was seen, what is issued is what was approved, and nothing is billed twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.services import user_create
from portal.audit.services import acting
from portal.contracts.models import Contract, SapEndpoint, Supplier
from portal.contracts.services import contract_create, contract_update
from portal.domain.errors import InputError, StateError
from portal.domain.rating import Box
from portal.proformas import selectors, services
from portal.proformas.content import content_build, delivery_warnings, version_of
from portal.proformas.models import Proforma
from tests.support.contracts import prices_make
from tests.support.months import approved, composed
from tests.support.office import Office

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(small_office: Office) -> Office:
    return small_office


def as_person(actor: str, statement: str, *parameters: int | str) -> None:
    """As the application's role, with somebody's name on it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('proforma.actor', %s, true)", [actor])
        cursor.execute(statement, parameters)


def add_line(proforma: Proforma, actor: str) -> None:
    services.line_add(
        proforma=proforma,
        description="Extra shift",
        quantity=Decimal(1),
        unit="piece",
        unit_price=Decimal("50000.00"),
        reason="Agreed",
        actor=actor,
    )


def test_what_changed_since_it_was_opened_is_not_approved(office: Office) -> None:
    _, proforma = composed(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    seen = version_of(proforma)
    add_line(proforma, "petra")
    with pytest.raises(StateError, match="changed since you opened it"):
        services.proforma_approve(proforma=proforma, actor="anton", seen=seen)
    services.proforma_approve(proforma=proforma, actor="anton", seen=version_of(proforma))


def test_what_is_issued_is_what_was_approved(office: Office) -> None:
    proforma = approved(office)
    with acting("clara"):
        Supplier.objects.update(bank="IBAN XX00 SOMEBODY ELSE")
        SapEndpoint.objects.update(mapping={"message_code": "PAY"})
    issued = services.proforma_issue(proforma=Proforma.objects.get(pk=proforma.pk), actor="anton")
    content = content_build(selectors.proforma_get(issued.pk))
    assert (content.supplier.bank, content.sap.message_code) == ("", "PAR")
    assert content.sha256() == issued.content_sha256


def test_sent_back_it_takes_up_what_changed(office: Office) -> None:
    proforma = approved(office)
    services.proforma_send_back(proforma=proforma, reason="New bank account", actor="anton")
    with acting("clara"):
        Supplier.objects.update(bank="IBAN DE00 NEW")
    again = selectors.proforma_get(proforma.pk)
    assert content_build(again).supplier.bank == "IBAN DE00 NEW"


def test_what_sap_will_probably_reject_is_known_before_the_issue(office: Office) -> None:
    proforma = approved(office)
    assert {w.where for w in delivery_warnings(proforma)} == {"sap.company_code", "sap.tax_code"}
    issued = services.proforma_issue(proforma=proforma, actor="anton")
    assert delivery_warnings(issued) == ()


@pytest.mark.parametrize(
    "change",
    ["source_total = 9", "currency = 'USD'", "period_start = '2020-01-01'", "vat_rate = 0", "prepared_by = 'x'"],
)
def test_nothing_of_an_approved_proforma_changes(office: Office, change: str) -> None:
    proforma = approved(office)
    with pytest.raises(DatabaseError, match="approved cannot be changed"):
        as_person("petra", f"UPDATE proformas_proforma SET {change} WHERE id = %s", proforma.pk)  # noqa: S608


def test_an_approval_cannot_rename_who_prepared_it(office: Office) -> None:
    _, proforma = composed(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    with acting("axel"):
        from portal.accounts.models import User

        User.objects.filter(username="petra").update(roles=["preparer", "approver"])
    with pytest.raises(DatabaseError, match="changes more than it may"):
        as_person(
            "petra",
            "UPDATE proformas_proforma SET state = 'approved', approved_by = 'petra', prepared_by = 'x',"
            " submitted_by = 'x', header = '{}' WHERE id = %s",
            proforma.pk,
        )


def test_a_proforma_is_not_born_approved(office: Office) -> None:
    _, proforma = composed(office)
    with pytest.raises(DatabaseError, match="begins as a draft"):
        as_person(
            "anton",
            "INSERT INTO proformas_proforma (contract_id, collection_id, period_start, revision, state, vat_rate,"
            " currency, net, tax, gross, source_total, carried_in, prepared_by, prepared_at, submitted_by, approved_by,"
            " approved_at, issued_by, note, content_sha256) SELECT contract_id, collection_id, period_start, 2,"
            " 'draft', vat_rate, currency, net, tax, gross, source_total, 0, prepared_by, now(), '', '',"
            " '2099-01-01', '', '', '' FROM proformas_proforma WHERE id = %s",
            proforma.pk,
        )


def test_whoever_had_it_read_anew_prepared_it(office: Office) -> None:
    run, proforma = composed(office)
    user_create(username="rita", password="long enough for rita", roles=["preparer", "approver"], actor="axel")
    services.month_recollect(run=run, reason="Mended at the source", actor="rita")
    assert services.month_advance(run.pk)
    services.proforma_submit(proforma=proforma, actor="petra")
    with pytest.raises(StateError, match="may not approve"):
        services.proforma_approve(proforma=proforma, actor="rita")


def second_contract(office: Office) -> Contract:
    first = office.contract
    fields = {
        name: getattr(first, name)
        for name in ("supplier", "customer", "source", "endpoint", "vat_rate", "valid_from", "test_marker")
    }
    made = contract_create(
        number="MSP-ACME-2",
        title="The same again",
        number_series="SEC",
        actor="clara",
        **fields,
    )
    prices_make(made)
    return made


def test_a_second_contract_on_one_source_bills_no_ticket_again(office: Office) -> None:
    services.proforma_issue(proforma=approved(office), actor="anton")
    first = Proforma.objects.get()
    again = second_contract(office)
    run = services.month_start(contract=again, period=office.period, actor="petra")
    services.month_advance(run.pk)
    second = selectors.proforma_of(again, office.period)
    assert second is not None
    account = selectors.boxes_of(second)
    assert account.count(Box.BILLED) == 0
    assert account.excluded()["already_billed"] == selectors.boxes_of(first).count(Box.BILLED)


def test_of_two_drafts_with_the_same_tickets_one_is_issued(office: Office) -> None:
    first = approved(office)
    again = second_contract(office)
    run = services.month_start(contract=again, period=office.period, actor="petra")
    services.month_advance(run.pk)
    second = selectors.proforma_of(again, office.period)
    assert second is not None
    services.proforma_submit(proforma=second, actor="petra")
    services.proforma_approve(proforma=second, actor="anton")
    services.proforma_issue(proforma=first, actor="anton")
    with pytest.raises(StateError, match="are billed on"):
        services.proforma_issue(proforma=second, actor="anton")


def test_the_clocks_of_a_contract_with_months_stay(office: Office) -> None:
    contract_update(contract=office.contract, timezone="UTC", actor="clara")
    composed(office)
    with pytest.raises(InputError, match="time zone, currency and customer stay"):
        contract_update(contract=office.contract, timezone="America/New_York", actor="clara")
    assert Contract.objects.get(pk=office.contract.pk).timezone == "UTC"
