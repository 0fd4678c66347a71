"""Contracts, customers and their systems in the browser."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from portal.contracts import selectors
from portal.contracts.models import Contract, Customer, FixedLine, Rate, SapEndpoint, TicketSource
from tests.support.cast import cast_make
from tests.support.contracts import VOCABULARY, contract_make, prices_make
from tests.support.web import browser, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract() -> Contract:
    cast_make()
    made = contract_make()
    prices_make(made)
    return made


def do(name: str, pk: int | None = None, /, **data: Any) -> Any:
    return browser("clara").post(reverse(name, args=[pk] if pk else []), data)


def fields_of(name: str, pk: int) -> dict[str, Any]:
    """What the form holds when it is opened, as a browser would send it."""
    form = browser("clara").get(reverse(name, args=[pk])).context["form"]
    values = {bound.html_name: bound.field.prepare_value(bound.value()) for bound in form}
    return {key: value for key, value in values.items() if value is not None}


def test_the_page_shows_prices_with_their_validity(contract: Contract) -> None:
    shown = text(browser("ada").get(reverse("contract", args=[contract.pk])))
    assert "Incident, priority 1 Incident 1 120.00 1 Jan 2024 on" in shown
    assert "Service desk, base fee 1 month 1,480.00 1 Jan 2024 on" in shown
    assert "Add a price" not in shown


def test_a_changed_price_shows_the_old_one_as_ended(contract: Contract) -> None:
    rate = selectors.rates()[0]
    form = {"valid_from": "2026-04-01", "unit_price": "130", "description": rate.description, "reason": "indexation"}
    assert do("rate_change", rate.pk, **form).status_code == 302
    shown = text(browser("clara").get(reverse("contract", args=[contract.pk])))
    assert "120.00 1 Jan 2024 to 31 Mar 2026" in shown
    assert "130.00 1 Apr 2026 on" in shown
    assert "indexation" in shown


def test_a_price_that_overlaps_is_refused_beside_the_form_and_the_entry_stays(contract: Contract) -> None:
    form = {
        "kind": "incident",
        "priority": "1",
        "description": "Dear one",
        "unit_price": "999",
        "valid_from": "2026-01-01",
    }
    answer = do("rate_add", contract.pk, **form)
    assert answer.status_code == 422
    assert "'Incident, priority 1' at 120.00 already covers these tickets from 2024-01-01 on." in text(answer)
    assert 'value="Dear one"' in answer.content.decode()
    assert Rate.objects.count() == 6


def test_a_price_ends(contract: Contract) -> None:
    rate = selectors.rates()[0]
    assert do("rate_end", rate.pk, valid_to="2026-07-01", reason="not offered any more").status_code == 302
    rate.refresh_from_db()
    assert rate.valid_to == date(2026, 7, 1)


def test_a_fixed_line_is_added_changed_and_ended_at_months_only(contract: Contract) -> None:
    form = {"description": "Backup", "quantity": "1", "unit": "month", "unit_price": "50", "position": "30"}
    refused = do("fixed_line_add", contract.pk, valid_from="2026-01-15", **form)
    assert (refused.status_code, "2026-01-15 is no first of a month" in text(refused)) == (422, True)
    assert do("fixed_line_add", contract.pk, valid_from="2026-01-01", **form).status_code == 302
    line = FixedLine.objects.get(description="Backup")
    change = {
        "valid_from": "2026-03-01",
        "quantity": "2",
        "unit_price": "45",
        "description": "Backup",
        "reason": "more",
    }
    assert do("fixed_line_change", line.pk, **change).status_code == 302
    newer = FixedLine.objects.get(description="Backup", quantity=Decimal(2))
    assert do("fixed_line_end", newer.pk, valid_to="2026-05-01", reason="over").status_code == 302


def test_a_contract_is_made_and_changed(contract: Contract) -> None:
    form = fields_of("contract_edit", contract.pk) | {"number": "MSP-2", "title": "Second"}
    assert do("contract_new", **form).status_code == 302
    made = Contract.objects.get(number="MSP-2")
    assert do("contract_edit", made.pk, **(form | {"timezone": "Europe/Zurich"})).status_code == 302
    made.refresh_from_db()
    assert (made.timezone, made.title) == ("Europe/Zurich", "Second")


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ({"timezone": "Europe/Atlantis"}, "There is no time zone 'Europe/Atlantis'."),
        ({"currency": "euro"}, "Ensure this value has at most 3 characters"),
        ({"currency": "eur"}, "Three capital letters"),
        ({"vat_rate": "190"}, "less than or equal to 100"),
        ({"number": ""}, "This field is required."),
        ({"number_series": "LONGER"}, "at most 4 characters"),
    ],
)
def test_a_slip_in_a_contract_is_told_and_nothing_is_stored(
    slip: dict[str, str], said: str, contract: Contract
) -> None:
    answer = do("contract_edit", contract.pk, **(fields_of("contract_edit", contract.pk) | slip))
    assert (answer.status_code, said in text(answer)) == (422, True)
    unchanged = Contract.objects.get(pk=contract.pk)
    assert (unchanged.timezone, unchanged.currency, unchanged.number) == ("Europe/Berlin", "EUR", contract.number)


def test_a_customer_with_its_systems_is_made(contract: Contract) -> None:
    customer = {"code": "new", "name": "New AG", "address": "Weg 1\n1000 Ort", "country": "CH"}
    assert do("customer_new", **customer).status_code == 302
    made = Customer.objects.get(code="new")
    source = {
        "name": "SNOW",
        "system": "servicenow",
        "base_url": "https://new.example",
        "credential_ref": "customers/new/source",
    }
    assert do("source_new", made.pk, vocabulary=json.dumps(VOCABULARY), **source).status_code == 302
    endpoint = {
        "name": "SAP",
        "channel": "https_idoc",
        "url": "https://sap.example",
        "credential_ref": "customers/new/sap",
    }
    assert do("endpoint_new", made.pk, mapping='{"client": "200"}', **endpoint).status_code == 302
    assert TicketSource.objects.get(customer=made).vocabulary == VOCABULARY
    assert SapEndpoint.objects.get(customer=made).mapping == {"client": "200"}
    shown = text(browser("ada").get(reverse("customer", args=[made.pk])))
    assert "/inbox/acknowledgements/new" in shown


def test_a_code_that_is_taken_is_told(contract: Contract) -> None:
    answer = do("customer_new", code="acme", name="Other", address="x", country="DE")
    assert (answer.status_code, "already exists" in text(answer)) == (422, True)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ('{"client": 100', "This is no JSON: Expecting ',' delimiter (line 1, column 15)."),
        ("[]", "Write a JSON object"),
        ('{"client": 100}', "'client' is no text."),
        ('{"colour": "red"}', "There is no field 'colour'. (mapping)"),
    ],
)
def test_a_slip_in_the_mapping_is_told_with_its_place_and_the_text_stays(
    mapping: str, said: str, contract: Contract
) -> None:
    form = fields_of("endpoint_edit", contract.endpoint_id) | {"mapping": mapping}
    answer = do("endpoint_edit", contract.endpoint_id, **form)
    assert (answer.status_code, said in text(answer)) == (422, True)
    assert mapping in answer.context["form"]["mapping"].value()


def test_an_unknown_word_in_the_vocabulary_is_told(contract: Contract) -> None:
    form = fields_of("source_edit", contract.source_id) | {"vocabulary": '{"kinds": {"incident": "trouble"}}'}
    answer = do("source_edit", contract.source_id, **form)
    assert (answer.status_code, "'trouble' is not a valid Kind" in text(answer)) == (422, True)


def test_opening_and_sending_a_form_unchanged_changes_nothing(contract: Contract) -> None:
    before = list(SapEndpoint.objects.values()), list(TicketSource.objects.values()), list(Contract.objects.values())
    for name, pk in (("endpoint_edit", contract.endpoint_id), ("source_edit", contract.source_id)):
        assert do(name, pk, **fields_of(name, pk)).status_code == 302
    assert do("contract_edit", contract.pk, **fields_of("contract_edit", contract.pk)).status_code == 302
    after = list(SapEndpoint.objects.values()), list(TicketSource.objects.values()), list(Contract.objects.values())
    assert after == before


def test_a_supplier_is_made_and_changed(contract: Contract) -> None:
    form = {"name": "Süd GmbH", "address": "Weg 1\n80331 München", "country": "DE"}
    assert do("supplier_new", **form).status_code == 302
    made = selectors.suppliers().get(name="Süd GmbH")
    assert do("supplier_edit", made.pk, **(form | {"bank": "IBAN DE00"})).status_code == 302
    emptied = do("supplier_edit", contract.supplier_id, name="Nord", address="", country="DE")
    assert "There is no address, and a proforma must show one." in text(emptied)
