"""Ways to send a proforma to a sandbox customer, to make it fail there, and to bring back what its SAP says."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from portal.delivery import selectors, services
from portal.delivery.models import Acknowledgement, Delivery
from portal.documents.selectors import renderings_due
from portal.documents.services import rendering_run, renderings_ensure
from portal.lib import work
from portal.lib.hashing import sha256_hex
from sandbox.aleaud import acknowledgement, decide
from sandbox.faults import Fault
from tests.support.issuing import proforma_issue
from tests.support.office import Office


def queued(office: Office) -> Delivery:
    """An issued proforma, rendered, in the outbox."""
    proforma = proforma_issue(office)
    renderings_ensure()
    for rendering in renderings_due():
        assert rendering_run(rendering.pk)
    assert services.deliveries_ensure() == 1
    delivery = selectors.delivery_of(proforma)
    assert delivery is not None
    return delivery


def drive(delivery: Delivery, seconds: float = 8.0) -> Delivery:
    """As the sweeper does, until nothing is due any more."""
    end = time.monotonic() + seconds
    delivery.refresh_from_db()
    while delivery.state in (work.QUEUED, work.RUNNING) and time.monotonic() < end:
        if not services.delivery_run(delivery.pk):
            time.sleep(0.05)
        delivery.refresh_from_db()
    return delivery


def fault(office: Office, **what: Any) -> None:
    office.sandbox.faults.add(Fault.from_json(what))


def aleaud(office: Office, outcome: str = "", text: str = "", number: str = "") -> bytes:
    """The message of the sandbox's SAP about the only IDoc that it has."""
    (receipt,) = office.sandbox.receipts.all()
    answer = decide(receipt, outcome, office.sandbox.config.parking, text)
    return acknowledgement(receipt, answer, datetime.now(UTC), number)


def receive(raw: bytes, **given: Any) -> Acknowledgement:
    return services.acknowledgement_receive(raw, sha256_hex(raw), datetime.now(UTC), **given)


def story(delivery: Delivery) -> list[str]:
    return [f"{a.what} {a.outcome}" for a in selectors.attempts_of(delivery)]


def at_sap(office: Office) -> list[str]:
    return [receipt.number for receipt in office.sandbox.receipts.all()]
