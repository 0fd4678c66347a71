"""What could never be delivered is refused while it can still be corrected: once issued, nothing can."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from portal.audit.services import acting
from portal.contracts.models import Customer
from portal.domain.errors import InputError
from portal.proformas import selectors, services
from portal.proformas.models import Proforma
from sandbox.server import SandboxServer
from tests.support.office import Office, office_open, sandbox_running

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox"), tickets_count=30) as server:
        yield server


@pytest.fixture
def draft(sandbox: SandboxServer, directories: Path) -> Proforma:
    office: Office = office_open(sandbox, directories / "credentials")
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    assert services.month_advance(run.pk)
    proforma = selectors.proforma_of(office.contract, office.period)
    assert proforma is not None
    return proforma


def customer_number_set(number: str) -> None:
    with acting("clara"):
        Customer.objects.update(number=number)


def test_a_credit_cannot_be_submitted(draft: Proforma) -> None:
    services.line_add(
        proforma=draft,
        description="Credit for March",
        quantity=Decimal(1),
        unit="piece",
        unit_price=Decimal("-99999.00"),
        reason="Agreed",
        actor="petra",
    )
    with pytest.raises(InputError, match="credit cannot be sent"):
        services.proforma_submit(proforma=draft, actor="petra")
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_a_value_that_saps_field_cannot_hold_is_found_when_it_is_submitted(draft: Proforma) -> None:
    customer_number_set("12345678901234567890")
    with pytest.raises(InputError, match="E1EDKA1-PARTN takes 17"):
        services.proforma_submit(proforma=draft, actor="petra")


def test_one_that_came_in_after_the_submission_is_not_approved(draft: Proforma) -> None:
    services.proforma_submit(proforma=draft, actor="petra")
    customer_number_set("12345678901234567890")
    with pytest.raises(InputError, match="E1EDKA1-PARTN takes 17"):
        services.proforma_approve(proforma=Proforma.objects.get(pk=draft.pk), actor="anton")
    customer_number_set("K-20417")
    services.proforma_approve(proforma=Proforma.objects.get(pk=draft.pk), actor="anton")


def test_one_that_came_in_after_the_approval_is_not_printed(draft: Proforma) -> None:
    services.proforma_submit(proforma=draft, actor="petra")
    services.proforma_approve(proforma=draft, actor="anton")
    customer_number_set("12345678901234567890")
    issued = services.proforma_issue(proforma=Proforma.objects.get(pk=draft.pk), actor="anton")
    assert str(issued.number).endswith("-000001")
