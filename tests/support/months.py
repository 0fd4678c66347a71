"""A month of the office on its way, by the services that people and workers use."""

from __future__ import annotations

from portal.lib import work
from portal.proformas import selectors, services
from portal.proformas.models import Line, MonthRun, Proforma
from tests.support.office import Office


def composed(office: Office) -> tuple[MonthRun, Proforma]:
    """Collected, rated and composed: the draft."""
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    assert services.month_advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.problem, run.findings) == (work.DONE, None, [])
    proforma = selectors.proforma_of(office.contract, office.period)
    assert proforma is not None
    return run, proforma


def approved(office: Office) -> Proforma:
    """Submitted by Petra, approved by Anton."""
    _, proforma = composed(office)
    services.proforma_submit(proforma=proforma, actor="petra")
    return services.proforma_approve(proforma=proforma, actor="anton")


def ticket_line(proforma: Proforma) -> Line:
    """The ticket line with the most tickets."""
    line = selectors.lines_of(proforma).filter(origin="tickets").order_by("-quantity").first()
    assert line is not None
    return line
