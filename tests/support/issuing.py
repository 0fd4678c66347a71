"""An issued proforma, made by the services that people use, from a small month of the sandbox."""

from __future__ import annotations

from typing import Any

from portal.audit.services import acting
from portal.contracts.models import SapEndpoint
from portal.proformas import selectors, services
from portal.proformas.models import Proforma
from tests.support.office import Office

STATUS_URL = "/sap/bc/proforma_status"


def proforma_issue(office: Office) -> Proforma:
    """Collect, rate, compose, submit, approve (by a second person), issue."""
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    assert services.month_advance(run.pk)
    run.refresh_from_db()
    proforma = selectors.proforma_of(office.contract, office.period)
    assert proforma is not None, (run.state, run.problem, run.findings)
    services.proforma_submit(proforma=proforma, actor="petra")
    services.proforma_approve(proforma=proforma, actor="anton")
    return services.proforma_issue(proforma=proforma, actor="anton")


def endpoint_set(office: Office, **settings: Any) -> None:
    """Replace the channel's settings of the office's endpoint."""
    with acting("clara"):
        SapEndpoint.objects.filter(pk=office.contract.endpoint_id).update(settings=settings)
