"""The month from the order to SAP's answer, each step by the service that the portal's pages call."""

from __future__ import annotations

from portal.accounts.models import Role
from portal.contracts.models import Contract
from portal.delivery.selectors import delivery_of
from portal.delivery.tasks import hurry
from portal.documents.selectors import documents_of, rendering_of
from portal.domain.errors import BlockedError, PortalError, Problem
from portal.proformas import selectors, services
from portal.proformas.models import BLOCKED, MonthRun, Proforma
from portal.web.demo.plan import Plan
from portal.web.demo.stages import Stages, appeared
from portal.web.demo.summary import Result, documents_write

DECIDE_HERE = "Decide in the portal on the page of the month, then let it go on."
DECIDE_LATER = (
    "The portal ends now. Start again without --once: then it stays up, to decide on the page of the month. Or mend "
    "the tickets in the customer's file and start again."
)


def month_play(contract: Contract, plan: Plan, stages: Stages, *, scheduled: bool = False) -> Proforma:
    """Collect, rate and compose by a worker; submit by one person; approve and issue by another. Returns it issued.

    `scheduled`: the calendar starts the month, so that here it is waited for.
    Raises BlockedError with every finding when the tickets need decisions first.
    """
    preparer, approver = plan.who(Role.PREPARER), plan.who(Role.APPROVER)
    if scheduled:
        run = appeared(lambda: selectors.run_of(contract, plan.period), "The month of the calendar")
    else:
        run = services.month_start(contract=contract, period=plan.period, actor=preparer)
        hurry()
    stages.worker("collect", run.collection)
    stages.rated_and_composed(run)
    proforma = _draft(run, plan)
    with stages.person("submit"):
        services.proforma_submit(proforma=proforma, actor=preparer)
    with stages.person("approve"):
        services.proforma_approve(proforma=proforma, actor=approver)
    with stages.person("issue"):
        services.proforma_issue(proforma=proforma, actor=approver)
    return selectors.proforma_get(proforma.pk)


def documents_play(proforma: Proforma, plan: Plan, stages: Stages) -> Result:
    """Render and deliver by a worker, copy the documents to `plan.out`, wait for SAP's acknowledgement."""
    hurry()
    stages.worker("render", appeared(lambda: rendering_of(proforma), "The rendering"))
    documents = tuple(documents_of(proforma))
    with stages.person("export"):
        documents_write(documents, plan.out)
    delivery = appeared(lambda: delivery_of(proforma), "The delivery")
    stages.delivery(delivery)
    return Result(proforma, selectors.boxes_of(proforma), documents, delivery, tuple(stages.done))


def _draft(run: MonthRun, plan: Plan) -> Proforma:
    if run.state == BLOCKED:
        problems = tuple(Problem(**finding) for finding in run.findings)
        raise BlockedError(
            f"{len(problems)} tickets need a decision before {run.period} can be billed.",
            problems,
            kept="Nothing was billed.",
            remedy=DECIDE_HERE if plan.stays else DECIDE_LATER,
        )
    proforma = selectors.proforma_of(run.contract, run.period)
    if proforma is None:
        raise PortalError(f"{run.period} ended as {run.state} without a draft.", remedy="Look into the worker's log.")
    return proforma
