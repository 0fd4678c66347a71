"""What a contract prices: add, change from a date on, end; and what is refused in words that help."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from portal.accounts.access import AccessError
from portal.audit.models import Entry
from portal.contracts import services
from portal.contracts.models import Contract, FixedLine, Rate
from portal.contracts.selectors import rates_of
from portal.domain.errors import InputError
from portal.domain.tickets import Kind
from tests.support.cast import cast_make
from tests.support.contracts import contract_make

pytestmark = pytest.mark.django_db
JANUARY, MARCH, APRIL = date(2026, 1, 1), date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture
def contract() -> Contract:
    cast_make()
    return contract_make()


def rate_add(contract: Contract, **changes: Any) -> Rate:
    given: dict[str, Any] = {
        "kind": Kind.INCIDENT,
        "priority": "4",
        "unit_price": Decimal("38.00"),
        "description": "Incident, priority 4",
        "valid_from": JANUARY,
        "actor": "clara",
    }
    return services.rate_add(contract=contract, **(given | changes))


def fixed_add(contract: Contract, **changes: Any) -> FixedLine:
    given: dict[str, Any] = {
        "description": "Service desk",
        "quantity": Decimal(1),
        "unit": "month",
        "unit_price": Decimal(1000),
        "valid_from": JANUARY,
        "actor": "clara",
    }
    return services.fixed_line_add(contract=contract, **(given | changes))


def test_a_second_rate_on_the_same_days_is_refused_and_names_the_first(contract: Contract) -> None:
    rate_add(contract)
    with pytest.raises(InputError, match=r"'Incident, priority 4' at 38.00 already covers .* from 2026-01-01 on"):
        rate_add(contract, valid_from=MARCH)
    assert Rate.objects.count() == 1


def test_a_rate_may_follow_on_the_day_another_ends(contract: Contract) -> None:
    rate_add(contract, valid_to=MARCH)
    rate_add(contract, valid_from=MARCH)
    assert Rate.objects.count() == 2


def test_a_change_ends_the_old_price_and_adds_the_new_one_from_that_day(contract: Contract) -> None:
    old = rate_add(contract)
    services.rate_change(rate=old, unit_price=Decimal("40.00"), valid_from=MARCH, reason="indexation", actor="clara")
    spans = [(r.valid_from, r.valid_to, r.unit_price) for r in rates_of(contract)]
    assert spans == [(JANUARY, MARCH, Decimal("38.00")), (MARCH, None, Decimal("40.00"))]
    assert Entry.objects.filter(subject="contracts_rate", reason="indexation", actor="clara").count() == 2


def test_a_change_from_the_first_day_leaves_the_old_price_valid_on_no_day(contract: Contract) -> None:
    old = rate_add(contract)
    services.rate_change(rate=old, unit_price=Decimal("40.00"), valid_from=JANUARY, reason="typing slip", actor="clara")
    assert [r.unit_price for r in rates_of(contract) if r.covers(MARCH)] == [Decimal("40.00")]
    rate_end = Rate.objects.get(unit_price=Decimal("40.00"))
    services.rate_end(rate=rate_end, valid_to=MARCH, reason="over", actor="clara")
    rate_add(contract, valid_from=MARCH)


def test_a_refused_change_leaves_the_old_price_as_it_was(contract: Contract) -> None:
    old = rate_add(contract)
    with pytest.raises(InputError):
        services.rate_change(rate=old, unit_price=Decimal("-1"), valid_from=MARCH, reason="slip", actor="clara")
    assert Rate.objects.get().valid_to is None


def test_an_end_outside_the_span_is_refused_and_the_span_named(contract: Contract) -> None:
    rate = rate_add(contract, valid_from=MARCH)
    with pytest.raises(InputError, match="valid from 2026-03-01 on; 2026-01-01 does not lie in it"):
        services.rate_end(rate=rate, valid_to=JANUARY, reason="over", actor="clara")


def test_a_fixed_line_begins_and_ends_with_a_month(contract: Contract) -> None:
    with pytest.raises(InputError, match="2026-01-15 is no first of a month"):
        fixed_add(contract, valid_from=date(2026, 1, 15))
    line = fixed_add(contract)
    with pytest.raises(InputError, match="2026-03-31 is no first of a month"):
        services.fixed_line_end(fixed_line=line, valid_to=date(2026, 3, 31), reason="over", actor="clara")


def test_a_fixed_line_changes_its_quantity_from_a_month_on(contract: Contract) -> None:
    line = fixed_add(contract)
    services.fixed_line_change(
        fixed_line=line,
        quantity=Decimal(2),
        unit_price=Decimal(900),
        valid_from=APRIL,
        reason="second site",
        actor="clara",
    )
    spans = [(f.valid_from, f.valid_to, f.quantity) for f in FixedLine.objects.order_by("valid_from")]
    assert spans == [(JANUARY, APRIL, Decimal(1)), (APRIL, None, Decimal(2))]


def test_only_a_contract_manager_changes_prices(contract: Contract) -> None:
    for name in ("petra", "anton", "ada", "axel", "mallory", "nobody-of-that-name"):
        with pytest.raises(AccessError, match=r"Contract manager|no active person"):
            rate_add(contract, actor=name)
    assert not Rate.objects.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timezone": "Europe/Atlantis"}, "no time zone 'Europe/Atlantis'"),
        ({"timezone": "../etc"}, "no time zone"),
        ({"timezone": "Europe"}, "no time zone 'Europe'"),
        ({"valid_to": date(2020, 1, 1)}, "ends before it begins"),
        ({"currency": "Euro"}, "3 characters"),
    ],
)
def test_a_contract_with_a_slip_is_refused(contract: Contract, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        services.contract_update(contract=contract, actor="clara", **changes)


def test_a_contract_with_a_customer_without_an_address_is_refused(contract: Contract) -> None:
    with pytest.raises(InputError, match="no address, and a proforma must show one"):
        services.customer_update(customer=contract.customer, address=" \n ", actor="clara")


def test_a_contract_takes_only_its_own_customers_systems(contract: Contract) -> None:
    stranger = services.customer_create(code="other", name="Other", address="Elsewhere 1", country="DE", actor="clara")
    with pytest.raises(InputError, match="This source belongs to"):
        services.contract_update(contract=contract, customer=stranger, actor="clara")


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], "no JSON object"),
        ({"kinds": ["incident"]}, "vocabulary, kinds"),
        ({"kinds": {"incident": "trouble"}}, "'trouble' is not a valid Kind"),
        ({"priorities": {"1 - Critical": "9"}}, r"priorities map to \['9'\]"),
        ({"states": {"incident": ["6"]}}, "states of incident"),
        ({"states": {"incident": {"6": "done"}}}, "'done' is not a valid Outcome"),
        ({"kind": {}}, "no mapping of 'kind'"),
    ],
)
def test_a_mapping_of_words_with_a_slip_is_refused(contract: Contract, vocabulary: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        services.source_update(source=contract.source, vocabulary=vocabulary, actor="clara")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"colour": "red"}, "no field 'colour'"),
        ({"client": 100}, "'client' is no text"),
        ({"message_code": "PARKING"}, "more than 3 characters"),
    ],
)
def test_a_mapping_for_sap_with_a_slip_is_refused(contract: Contract, mapping: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        services.endpoint_update(endpoint=contract.endpoint, mapping=mapping, actor="clara")


def test_an_address_with_a_password_or_an_unknown_system_is_refused(contract: Contract) -> None:
    with pytest.raises(InputError, match="holds a user name"):
        services.source_update(source=contract.source, base_url="https://me:secret@example.test", actor="clara")
    with pytest.raises(InputError, match="'abacus' is not known"):
        services.source_update(source=contract.source, system="abacus", actor="clara")
